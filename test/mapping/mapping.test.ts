import { describe, expect, it } from '@jest/globals';
import type { AgentAction } from '../../src/domain/action.ts';
import { InvalidEvent } from '../../src/domain/errors.ts';
import { usualPolicy } from '../../src/domain/mapping.ts';
import type { MappingRule } from '../../src/mapping/settings/mapping-schema.ts';
import type { Patch } from '../../src/mapping/transform/patch.ts';
import { actionsOf, compile, contextOf, mappingOf, textOf } from './fixtures.ts';

const uuid = '[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}';
const order = contextOf({
  id: 7,
  customer: { name: 'Ada\nLovelace', phone: '+44' },
  lines: [{ sku: 'a' }, { sku: 'b' }],
});

function agentOf(rule: MappingRule, context = order): AgentAction {
  const [action] = actionsOf(mappingOf({ messageTemplate: 'Order {{id}}', ...rule }), context);
  if (action?.kind !== 'agent') throw new Error('expected an agent action');
  return action;
}

describe('an agent mapping', () => {
  it('makes an action with every default in place', () => {
    expect(agentOf({})).toEqual({
      kind: 'agent',
      message: ['Order ', { path: 'id' }],
      name: 'shop',
      sessionKey: expect.stringMatching(new RegExp(`^hook:${uuid}$`)),
      wakeMode: 'now',
      deliver: true,
      channel: 'last',
    });
    expect(agentOf({}).sessionKey).not.toBe(agentOf({}).sessionKey);
  });

  it('says what its actions may go into one run by, and in which session if any', () => {
    const coalesce = { key: 'order {{id}}' };
    expect(agentOf({ coalesce }).coalesce).toEqual({ key: '["order ",[7]]', sessionKey: null });
    expect(agentOf({ coalesce, sessionKey: 'hook:{{id}}' }).coalesce).toMatchObject({ sessionKey: 'hook:7' });
    expect(agentOf({ coalesce: { key: '{{id}} {{gone}}' } })).not.toHaveProperty('coalesce');
    expect(compile({ messageTemplate: 'x', coalesce: { key: '{{#a}}' } })).toEqual([
      '/coalesce/key: Unclosed section "a" (template line 1, column 7)',
    ]);
  });

  it('has its limits in one unit, and names them', () => {
    const rule: MappingRule = { messageTemplate: 'x', coalesce: { key: 'k', quietSeconds: 0.5 } };
    const { limits, does } = mappingOf({ ...rule, rate: '10/m', maxConcurrent: 2 });
    expect(limits).toEqual({
      coalesce: { quietMs: 500, maxMs: 300_000, maxChars: 1_048_576 },
      rate: { count: 10, spanMs: 60_000 },
      maxConcurrent: 2,
    });
    expect(does).toBe('agent, coalesced, 10/m, 2 at once');
    expect(mappingOf({ messageTemplate: 'x' })).toMatchObject({ limits: {}, does: 'agent' });
  });

  it('takes what the rule says, with name, key and recipient as templates', () => {
    const rule: MappingRule = {
      name: 'Order of {{customer.name}}',
      sessionKey: 'hook:order:{{id}}',
      to: '{{customer.phone}}',
      channel: 'signal',
      wakeMode: 'next-heartbeat',
      deliver: false,
      model: 'small',
      thinking: 'low',
      timeoutSeconds: 30,
    };
    expect(agentOf(rule)).toEqual({
      ...rule,
      kind: 'agent',
      message: ['Order ', { path: 'id' }],
      name: 'Order of Ada Lovelace',
      sessionKey: 'hook:order:7',
      to: '+44',
      model: 'provider/small',
    });
  });

  it('gives a session key a random part for every placeholder that renders empty', () => {
    expect(agentOf({ sessionKey: 'hook:{{gone}}:{{id}}:{{customer.gone}}' }).sessionKey).toMatch(
      new RegExp(`^hook:${uuid}:7:${uuid}$`),
    );
  });

  it.each<[string, MappingRule, string]>([
    ['the key of the owner', { sessionKey: '{{key}}' }, 'sessionKey: "main" is the session of the owner'],
    ['a key that is too long', { sessionKey: '{{long}}' }, 'sessionKey: expected'],
    ['an empty recipient', { to: '{{gone}}' }, 'to is blank'],
    ['an empty message', { messageTemplate: '{{gone}} \n{{blank}}' }, 'hook mapping requires message'],
    ['an empty line', { action: 'wake', textTemplate: '{{gone}}' }, 'hook mapping requires text'],
  ])('refuses an event that makes %s', (_, rule, message) => {
    const mapping = mappingOf({ messageTemplate: 'x', ...rule });
    const act = () => actionsOf(mapping, contextOf({ key: ' Main\n', long: 'x'.repeat(501), blank: '  ' }));
    expect(act).toThrow(InvalidEvent);
    expect(act).toThrow(message);
  });

  const repeated = '{{#list}}{{long}}{{/list}}';
  it.each<[string, MappingRule]>([
    ['name', { name: repeated }],
    ['session key', { sessionKey: `hook:${repeated}` }],
    ['recipient', { to: repeated }],
    ['dedupeKey', { dedupeKey: repeated }],
  ])('refuses an event that makes a %s longer than the memory', (_, rule) => {
    const mapping = mappingOf({ messageTemplate: 'x', ...rule });
    const act = () => actionsOf(mapping, contextOf({ list: new Array(9000).fill(0), long: 'x'.repeat(200_000) }));
    expect(act).toThrow(new InvalidEvent('with this event a text has more than 1048576 characters'));
  });

  it.each([' ', '\n', '\u0000', '\u0085\u2028'])(
    'has the name of its hook where its own is only %j, and says so of neither',
    (blank) => {
      const mapping = mappingOf({ messageTemplate: 'x', name: '{{blank}}' });
      expect(actionsOf(mapping, contextOf({ blank }, { path: 'a\nb' }))).toMatchObject([{ name: 'a b' }]);
      expect(actionsOf(mapping, contextOf({ blank }, { path: blank }))).toMatchObject([{ name: 'hook' }]);
    },
  );

  it('keeps safety in its policy, whatever the payload says', () => {
    const payload = { allowUnsafeExternalContent: true, policy: { allowUnsafeExternalContent: true } };
    const usual = mappingOf({ messageTemplate: 'x' });
    expect(actionsOf(usual, contextOf(payload))[0]).not.toHaveProperty('allowUnsafeExternalContent');
    expect(usual.policy).toEqual(usualPolicy);
    expect(
      mappingOf({ messageTemplate: 'x', allowUnsafeExternalContent: true, updateMainSession: 'blocked' }).policy,
    ).toEqual({
      ...usualPolicy,
      allowUnsafeExternalContent: true,
      updateMainSession: 'blocked',
    });
  });
});

describe('a wake mapping', () => {
  it('makes a line for main', () => {
    const mapping = mappingOf({ action: 'wake', textTemplate: 'Order {{id}}', wakeMode: 'next-heartbeat' });
    expect(actionsOf(mapping, order)).toEqual([
      { kind: 'wake', text: ['Order ', { path: 'id' }], wakeMode: 'next-heartbeat' },
    ]);
  });
});

describe('a rule', () => {
  it('that cannot work has all its problems told at once', () => {
    const rule: MappingRule = {
      match: { payload: { a: { regex: '(' } } },
      messageTemplate: '{{#open}}',
      name: '{{>x}}',
      to: '{{__proto__}}',
      model: 'none',
      forEach: 'a.b',
    };
    expect(compile(rule)).toEqual([
      expect.stringContaining('/match: match.payload.a: Invalid regular expression'),
      '/forEach: expected the name of an array at the top of the payload, found "a.b"',
      '/name: partials such as {{>x}} are not supported (template line 1, column 1)',
      '/messageTemplate: Unclosed section "open" (template line 1, column 10)',
      '/to: "__proto__" is not allowed: "__proto__" is no field of the data (template line 1, column 1)',
      '/model: model "none" is not allowed',
    ]);
    expect(compile({ messageTemplate: 'x', forEach: '__proto__' })).toHaveLength(1);
  });

  it.each<[string, string]>([
    [' Main ', '"main" is the session of the owner; choose another, such as "hook:…"'],
    ['\0', 'expected a non-blank string of at most 500 characters, found ""'],
  ])('cannot have the fixed session key %j', (sessionKey, message) => {
    expect(compile({ messageTemplate: 'x', sessionKey })).toEqual([`/sessionKey: ${message}`]);
  });

  it('says in words what it does', () => {
    const mapping = mappingOf({
      match: { path: '/shop/', source: 'x' },
      forEach: 'lines',
      transform: { module: 'a.ts' },
    });
    expect(mapping).toMatchObject({
      path: 'shop',
      when: 'source is "x"',
      does: 'agent for each of lines through a.ts',
    });
  });
});

describe('forEach', () => {
  const mapping = mappingOf({
    messageTemplate: '{{id}}: {{lines[0].sku}}',
    sessionKey: 'hook:{{lines[0].sku}}',
    forEach: 'lines',
  });

  it('makes an action of each element, whose references find that element alone', () => {
    const actions = actionsOf(mapping, order) as readonly AgentAction[];
    expect(actions.map((action) => [textOf(action, order), action.sessionKey, action.each])).toEqual([
      ['7: a', 'hook:a', { key: 'lines', index: 0 }],
      ['7: b', 'hook:b', { key: 'lines', index: 1 }],
    ]);
  });

  it('makes two actions of two equal elements', () => {
    expect(actionsOf(mapping, contextOf({ lines: [{ sku: 'a' }, { sku: 'a' }] }))).toHaveLength(2);
  });

  it('takes 200 elements, and none of an empty batch', () => {
    expect(actionsOf(mapping, contextOf({ lines: new Array(200).fill({}) }))).toHaveLength(200);
    expect(actionsOf(mapping, contextOf({ lines: [] }))).toEqual([]);
  });

  it.each<[string, unknown, string]>([
    ['no such array', { other: [] }, 'forEach: the payload has no array "lines"'],
    ['something else', { lines: {} }, 'forEach: the payload has no array "lines"'],
    ['a list as payload', [], 'forEach: the payload has no array "lines"'],
    [
      '201 elements',
      { lines: new Array(201).fill({}) },
      'forEach: "lines" has 201 elements; at most 200 are taken at once',
    ],
  ])('refuses a payload with %s', (_, payload, message) => {
    expect(() => actionsOf(mapping, contextOf(payload))).toThrow(new InvalidEvent(message));
  });

  it('refuses a batch whose texts have more than 20,000 pieces together', () => {
    const long = mappingOf({ messageTemplate: 'x{{#more}}{{.}}{{/more}}', forEach: 'lines' });
    const batch = (count: number) => contextOf({ lines: new Array(200).fill(0), more: new Array(count).fill(0) });
    expect(actionsOf(long, batch(99))).toHaveLength(200);
    const error = new InvalidEvent('with this event the texts have more than 20000 pieces');
    expect(() => actionsOf(long, batch(100))).toThrow(error);
  });

  it('refuses the whole batch for one bad element, and names it', () => {
    const bare = mappingOf({ messageTemplate: '{{lines[0].sku}}', forEach: 'lines' });
    const act = () => actionsOf(bare, contextOf({ lines: [{ sku: 'a' }, {}] }));
    expect(act).toThrow(new InvalidEvent('lines[1]: hook mapping requires message'));
  });
});

describe('a transform', () => {
  const rule: MappingRule = {
    messageTemplate: 'base',
    sessionKey: 'hook:base',
    deliver: false,
    transform: { module: 'a.ts' },
  };
  const acting = (patch: Patch | null | undefined, more: MappingRule = {}) =>
    mappingOf({ ...rule, ...more }, { transforms: { run: async (_, elements) => elements.map(() => patch) } }).act(
      order,
      Buffer.from('{}'),
    );

  it('that says nothing leaves the action as it is', async () => {
    const base = {
      kind: 'agent',
      message: ['base'],
      name: 'shop',
      sessionKey: 'hook:base',
      wakeMode: 'now',
      deliver: false,
      channel: 'last',
    };
    expect(await acting(undefined)).toEqual([base]);
    expect(await acting({})).toEqual([base]);
  });

  it('changes only what it names, and back again', async () => {
    const patch: Patch = { name: 'New\nname', deliver: true, wakeMode: 'now', model: 'big', to: 'x\ny' };
    const [action] = (await acting(patch, { wakeMode: 'next-heartbeat' })) ?? [];
    expect(action).toMatchObject({
      message: ['base'],
      name: 'New name',
      sessionKey: 'hook:base',
      deliver: true,
      wakeMode: 'now',
      model: 'provider/big',
      to: 'x y',
    });
  });

  it('turns an agent action into a wake and back', async () => {
    const line = [{ path: 'text', value: 'up' }];
    expect(await acting({ action: 'wake', text: line })).toEqual([{ kind: 'wake', text: line, wakeMode: 'now' }]);
    expect(await acting({ action: 'agent' }, { action: 'wake' })).toMatchObject([{ kind: 'agent', message: ['base'] }]);
  });

  it('that says null skips the event; in a batch, that element', async () => {
    expect(await acting(null)).toBeNull();
    expect(await acting(null, { forEach: 'lines' })).toBeNull();
    const mapping = mappingOf({ ...rule, forEach: 'lines' }, { transforms: { run: async () => [null, undefined] } });
    expect(await mapping.act(order, Buffer.from('{}'))).toMatchObject([{ each: { key: 'lines', index: 1 } }]);
  });

  it.each<[Patch, string]>([
    [{ sessionKey: 'MAIN' }, 'sessionKey: "main" is the session of the owner'],
    [{ model: 'none' }, 'model: model "none" is not allowed'],
    [{ action: 'wake' }, 'hook mapping requires text'],
    [{ message: [{ path: 'message', value: ' ' }] }, 'hook mapping requires message'],
    [{ to: '\u0000' }, 'to is blank'],
  ])('cannot say %j', async (patch, message) => {
    await expect(acting(patch)).rejects.toThrow(message);
    await expect(acting(patch)).rejects.toThrow(InvalidEvent);
  });

  it('makes the message of a mapping that has no template', async () => {
    const bare = mappingOf({ transform: { module: 'a.ts' } }, { transforms: { run: async () => [undefined] } });
    await expect(bare.act(order, Buffer.from('{}'))).rejects.toThrow('hook mapping requires message');
  });

  const line = (path: string, value = 'up') => ({ [path]: [{ path, value }] });
  it.each<[string, 'agent' | 'wake', Patch | undefined, string]>([
    [
      'forgets to return',
      'agent',
      undefined,
      'message: the transform a.ts returned nothing, and what the mapping says is blank; return { message: … }, or null',
    ],
    [
      'returns {}',
      'wake',
      {},
      'text: the transform a.ts returned nothing, and what the mapping says is blank; return { text: … }, or null',
    ],
    ['returns other fields', 'agent', { name: 'x' }, 'message: the transform a.ts returned no message, and'],
    [
      'returns a text for a turn',
      'agent',
      line('text'),
      "message: the transform a.ts returned a text; return it as message, or return action: 'wake' with it",
    ],
    [
      'returns a message for a line',
      'wake',
      line('message'),
      "text: the transform a.ts returned a message; return it as text, or return action: 'agent' with it",
    ],
    [
      'asks for a line and has a message',
      'agent',
      { action: 'wake', ...line('message') },
      'text: the transform a.ts returned a message;',
    ],
    [
      'returns a blank message',
      'agent',
      line('message', ' '),
      'message: the transform a.ts returned a blank one; return null to skip the event',
    ],
  ])('that %s is named, with what would be right', async (_, action, patch, message) => {
    const bare = mappingOf({ action, transform: { module: 'a.ts' } }, { transforms: { run: async () => [patch] } });
    await expect(bare.act(order, Buffer.from('{}'))).rejects.toThrow(`hook mapping requires ${message}`);
  });
});
