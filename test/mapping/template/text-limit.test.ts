import { describe, expect, it } from '@jest/globals';
import { InvalidEvent } from '../../../src/domain/errors.ts';
import type { MappingRule } from '../../../src/mapping/settings/mapping-schema.ts';
import { tempGateway } from '../../support/temp-gateway.ts';
import { actionsOf, compile, contextOf, mappingOf } from '../fixtures.ts';

const limit = 10_000;
const items = (count: number, size: number) => Array.from({ length: count }, () => ({ v: 'x'.repeat(size) }));

function acting(rule: MappingRule, payload: object, maxTextChars = limit) {
  return () => actionsOf(mappingOf(rule, { maxTextChars }), contextOf(payload));
}

const said =
  'with this event the texts have more than 10000 characters together, all that hooks.maxTextChars allows; send less in one event, or name fewer and smaller values in the templates';

describe('the texts of one event, with the values in their places', () => {
  it.each<[string, MappingRule, object]>([
    ['of one message', { messageTemplate: '{{a}}{{a}}' }, { a: 'x'.repeat(limit / 2) }],
    ['of a value that is shown as JSON', { messageTemplate: '{{a}}' }, { a: ['x'.repeat(limit - 4)] }],
    ['of a line', { action: 'wake', textTemplate: '{{a}}' }, { a: 'x'.repeat(limit + 1) }],
    [
      'of all elements, each of which names the same large value',
      { forEach: 'items', messageTemplate: '{{items[0].v}} in {{note}}' },
      { items: items(10, 10), note: 'x'.repeat(limit / 10 - 14) },
    ],
    ['of all lines', { action: 'wake', forEach: 'items', textTemplate: '{{items[0].v}}' }, { items: items(11, 1000) }],
    [
      'of all steps',
      { action: 'workflow', steps: ['one', 'two'].map((id) => ({ id, message: '{{a}}' })) },
      { a: 'x'.repeat(limit / 2) },
    ],
    ['of keys', { forEach: 'items', messageTemplate: 'x', dedupeKey: '{{items[0].v}}' }, { items: items(10, 999) }],
    [
      'of what they are gathered by',
      { forEach: 'items', messageTemplate: 'x', coalesce: { key: '{{items[0].v}}' } },
      { items: items(10, 999) },
    ],
    ['of recipients', { forEach: 'items', messageTemplate: 'x', to: '{{items[0].v}}' }, { items: items(10, 999) }],
  ])('%s are refused where they are too long', (_, rule, payload) => {
    const withName = { name: 'n', ...rule };
    expect(acting(withName, payload, limit * 2)).not.toThrow();
    expect(acting(withName, payload)).toThrow(InvalidEvent);
    expect(acting(withName, payload)).toThrow(said);
  });

  it('may have just so many characters', () => {
    const rule: MappingRule = { action: 'wake', textTemplate: '{{a}}' };
    expect(acting(rule, { a: 'x'.repeat(limit) })).not.toThrow();
    expect(acting(rule, { a: 'x'.repeat(limit + 1) })).toThrow(said);
  });

  it('are counted with what a transform makes of them', async () => {
    const patch = { message: [{ path: 'message', value: 'x'.repeat(limit / 2) }] };
    const transforms = { run: async () => [patch, patch] };
    const mapping = compile({ forEach: 'items', transform: { module: 'a.ts' } }, { maxTextChars: limit, transforms });
    if (!('act' in mapping)) throw new Error(mapping.join('\n'));
    await expect(mapping.act(contextOf({ items: [1, 2] }), Buffer.from('{}'))).rejects.toThrow(said);
    expect(await mapping.act(contextOf({ items: [1] }), Buffer.from('{}'))).toHaveLength(1);
  });
});

describe('a gateway', () => {
  it('answers 400 with the limit and what would be right, for hooks of its own too', async () => {
    const mappings = [{ id: 'twice', match: { path: 'twice' }, messageTemplate: '{{a}} {{a}}', deliver: false }];
    const gateway = await tempGateway({ hooks: { mappings, maxTextChars: 2000 } });
    const long = 'x'.repeat(2000);
    const steps = [{ id: 'one', name: 'One', message: long }];
    for (const [hook, body] of [
      ['twice', { a: long.slice(0, 1000) }],
      ['agent', { message: long }],
      ['wake', { text: `${long}x` }],
      ['workflow', { id: 'w', name: 'W', steps }],
    ] as const) {
      const { status, body: answer } = await gateway.post(hook, body);
      expect([hook, status, answer.error]).toEqual([hook, 400, expect.stringContaining('more than 2000 characters')]);
      const event = (await gateway.api('GET', `/events/${answer.eventId}`)).body.event;
      expect(event).toMatchObject({ outcome: 'invalid', detail: expect.stringContaining('hooks.maxTextChars') });
    }
    expect((await gateway.post('twice', { a: long.slice(0, 900) })).status).toBe(202);
    expect((await gateway.get('runs')).body.total).toBe(1);
  });
});
