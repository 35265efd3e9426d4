import { describe, expect, it } from '@jest/globals';
import { tempGateway } from '../support/temp-gateway.ts';

const wake = (id: string, payload: object, more: object = {}) => ({
  id,
  match: { path: 'door', payload },
  action: 'wake',
  textTemplate: '{{who}}',
  ...more,
});
const gateway = await tempGateway({
  hooks: {
    mappings: [
      wake('ring', { kind: 'ring', floor: 1 }),
      wake('knock', { kind: 'knock' }),
      wake('open', { kind: { regex: '^op' } }, { schema: { type: 'object', required: ['who'] } }),
      ...Array.from({ length: 30 }, (_, at) => ({
        ...wake(`many-${at}`, { n: at }),
        match: { path: 'many', payload: { n: at } },
      })),
    ],
  },
});
const eventOf = async (hook: string, payload: object) => {
  const { body } = await gateway.post(hook, payload);
  const id = body?.eventId ?? (await gateway.api('GET', '/events?limit=1')).body.events[0].eventId;
  return (await gateway.api('GET', `/events/${id}`)).body.event;
};
const kindIs = (mapping: string, wanted: string, found: string) => ({
  mapping,
  clause: 'match.payload.kind',
  wanted,
  found,
});

describe('an event says why mappings did not take it', () => {
  it('where a later one did', async () => {
    expect(await eventOf('door', { kind: 'open', who: 'Ada' })).toMatchObject({
      outcome: 'accepted',
      mapping: 'open',
      misses: [kindIs('ring', '"ring"', '"open"'), kindIs('knock', '"knock"', '"open"')],
    });
  });

  it('where the one that matched found it invalid', async () => {
    const { outcome, misses } = await eventOf('door', { kind: 'open' });
    expect(outcome).toBe('invalid');
    expect(misses).toHaveLength(2);
  });

  it('where none did, the closest first', async () => {
    const { outcome, misses, detail } = await eventOf('door', { kind: 'shut', floor: 1 });
    expect(outcome).toBe('filtered');
    expect(misses).toEqual([
      kindIs('ring', '"ring"', '"shut"'),
      kindIs('knock', '"knock"', '"shut"'),
      kindIs('open', '/^op/', '"shut"'),
    ]);
    expect(detail).toContain('ring: match.payload.kind: wanted "ring", found "shut"; knock:');
  });

  it('of at most twenty, and lists have none of them', async () => {
    const { mapping, misses } = await eventOf('many', { n: 29, who: 'x' });
    expect(mapping).toBe('many-29');
    expect(misses).toHaveLength(20);
    for (const event of (await gateway.api('GET', '/events')).body.events) expect(event).not.toHaveProperty('misses');
  });

  it('and none where the first took it', async () => {
    expect((await eventOf('door', { kind: 'ring', floor: 1, who: 'x' })).misses).toEqual([]);
  });
});
