import { describe, expect, it } from '@jest/globals';
import type { AgentAction } from '../../../src/domain/action.ts';
import type { Mapping } from '../../../src/mapping/mapping.ts';
import { compileSpec, type SpecDeps } from '../../../src/mapping/sources/spec.ts';
import { closed, specText } from '../../support/specs.ts';
import { actionsOf, contextOf, textOf } from '../fixtures.ts';

const resolveModel = (name: string) => {
  if (name === 'none') throw new Error(`"${name}" is no model`);
  return `provider/${name}`;
};
const deps: SpecDeps = {
  resolveModel,
  modelProblem: () => undefined,
  runsCommand: () => false,
  usualTools: [],
  maxTextChars: 20_000,
};
const compile = (text: string, more: Partial<SpecDeps> = {}) => compileSpec(text, { ...deps, ...more });
const flawsOf = (text: string, more: Partial<SpecDeps> = {}) =>
  compile(text, more).flaws.map(({ line, message }) => `${line}: ${message}`);

function mappingOf(text: string): Mapping {
  const { mapping } = compile(text);
  if (!mapping) throw new Error(flawsOf(text).join('\n'));
  return mapping;
}
const actionOf = (mapping: Mapping, payload: unknown = {}) =>
  actionsOf(mapping, contextOf(payload, { path: 'ci' }))[0] as AgentAction;

describe('a spec', () => {
  it('that says no more than its id is an agent that is screened, may ping, and sees what main has talked about', () => {
    const mapping = mappingOf('---\nid: ci\n---\nLook.');
    expect(mapping).toMatchObject({
      id: 'spec:ci',
      origin: 'spec',
      endpoint: 'specs',
      path: 'ci',
      maxBodyBytes: 10_240,
    });
    expect(mapping.verify).toBeUndefined();
    expect(mapping.policy).toEqual({
      allowUnsafeExternalContent: false,
      updateMainSession: 'on_ping',
      screen: true,
      tools: ['ping_user'],
      context: 'main',
    });
    expect(actionOf(mapping)).toEqual({
      kind: 'agent',
      message: ['Look.'],
      data: [],
      name: 'ci',
      sessionKey: expect.stringMatching(/^hook:[\w-]{36}$/),
      wakeMode: 'next-heartbeat',
      deliver: false,
      channel: 'last',
      thinking: 'medium',
    });
    expect(actionOf(mapping).sessionKey).not.toBe(actionOf(mapping).sessionKey);
  });

  it.each<[object, object]>([
    [{ isolated: true }, { context: 'none' }],
    [{ isolated: false }, { context: 'main' }],
    [{ allow_ping: false }, { tools: [] }],
    [{ update_main_session: 'always' }, { updateMainSession: 'always' }],
    [
      { update_main_session: 'blocked', allow_ping: false },
      { updateMainSession: 'blocked', tools: [] },
    ],
    [{ update_main_session: 'freely' }, { updateMainSession: 'freely', tools: ['ping_user'] }],
    [
      { 'update-main-session': 'always', 'allow-ping': false },
      { updateMainSession: 'always', tools: [] },
    ],
  ])('with %j has the policy %j', (frontmatter, policy) => {
    expect(mappingOf(specText({ id: 'ci', ...frontmatter })).policy).toMatchObject(policy);
  });

  it.each<[object, object]>([
    [{ thinking: false }, { thinking: 'off' }],
    [{ thinking: true }, { thinking: 'medium' }],
    [{ model: 'haiku' }, { model: 'provider/haiku' }],
  ])('with %j makes an action with %j', (frontmatter, action) => {
    expect(actionOf(mappingOf(specText({ id: 'ci', ...frontmatter })))).toMatchObject(action);
  });

  it.each(['fields:', 'model: null', 'model: ~', 'isolated:'])(
    'takes a key without a value as not said: %s',
    (line) => {
      const mapping = mappingOf(`---\nid: ci\n${line}\n---\nLook.`);
      expect(actionOf(mapping)).not.toHaveProperty('model');
      expect(mapping.policy.context).toBe('main');
    },
  );

  it('may have a byte-order mark, line ends of Windows, and rules in its body', () => {
    const mapping = mappingOf('\uFEFF---\r\nid: ci\r\n---\r\n\r\nOne\r\n---\r\nTwo\r\n');
    expect(actionOf(mapping).message).toEqual(['One\n---\nTwo']);
  });
});

describe('the message of a spec', () => {
  const commit = { type: 'object', properties: { author: { type: 'string' } } };
  const fields = { type: 'object', properties: { repo: {}, headers: {}, now: {}, 'a.b': {}, commit, unused: {} } };
  const mapping = mappingOf(specText({ id: 'ci', fields }, '{repo}: {headers}, {now}, {a.b}, by {{commit.author}}'));
  const payload = {
    repo: 'R',
    headers: 'H',
    now: 'N',
    'a.b': 'AB',
    commit: { author: 'Ada' },
    unused: 'U',
    other: 'O',
  };

  it('refers to the fields of the payload, whatever they are called', () => {
    const action = actionOf(mapping, payload);
    expect(textOf(action, contextOf(payload, { headers: { repo: 'no' } }))).toBe('R: H, N, AB, by Ada');
    expect(action.message.every((part) => typeof part !== 'string' || !/[A-Z]/.test(part))).toBe(true);
  });

  it('comes with every declared field that there is, mentioned or not', () => {
    const paths = actionOf(mapping, payload).data?.map(({ path }) => path);
    expect(paths).toEqual(['repo', 'payload.headers', 'payload.now', 'a.b', 'commit', 'unused']);
    const { unused: _, ...rest } = payload;
    expect(actionOf(mapping, rest).data?.map(({ path }) => path)).not.toContain('unused');
  });
});

describe('a payload', () => {
  const fields = {
    ...closed({ repo: { type: 'string', maxLength: 20 }, state: { enum: ['ok', 'bad'] }, commit: { type: 'object' } }, [
      'repo',
    ]),
  };
  const { check } = mappingOf(specText({ id: 'ci', fields }, '{repo} {state} {commit.author}'));

  it('that fits has no problems', () => {
    expect(check({ repo: 'x', state: 'ok', commit: { author: 'Ada' } })).toEqual([]);
  });

  it('that lacks what the body refers to is told of each such field, once', () => {
    expect(check({})).toEqual(['repo: missing', 'state: missing', 'commit.author: missing']);
    expect(check({ repo: 'x', state: 'ok', commit: {} })).toEqual(['commit.author: missing']);
  });

  it('is told of everything that is wrong with it at once, and of nothing twice', () => {
    const problems = check({ repo: 'x'.repeat(21), state: 'odd', commit: { author: 'y'.repeat(501) }, extra: 1 });
    expect(problems).toEqual([
      'must NOT have additional properties: "extra" is not declared',
      'repo: must NOT have more than 20 characters',
      'state: must be equal to one of the allowed values: "ok", "bad"',
      'commit.author: must NOT have more than 500 characters',
    ]);
  });

  it.each([[[1, 2]], ['text'], [7], [null]])('that is no object has that one problem: %j', (payload) => {
    expect(check(payload)).toEqual(['must be object']);
  });

  it('is never quoted at length', () => {
    const open = mappingOf(specText({ id: 'ci', fields: { patternProperties: { x: { type: 'integer' } } } }));
    const [problem = ''] = open.check({ [`${'x'.repeat(400)}`]: 'y' });
    expect(problem).toMatch(/^x+…$/);
    expect(problem.length).toBeLessThanOrEqual(200);
  });

  it('without declared fields may hold anything within the limits, of which the agent sees nothing', () => {
    const bare = mappingOf(specText({ id: 'ci' }));
    expect(bare.check({ any: 'thing' })).toEqual([]);
    expect(bare.check({ any: 'x'.repeat(501) })).toHaveLength(1);
    expect(actionOf(bare, { any: 'thing' }).data).toEqual([]);
  });
});

describe('a broken spec is left out, with each line and what would be right', () => {
  const properties = Object.fromEntries(Array.from({ length: 21 }, (_, at) => [`f${at}`, {}]));
  it.each<[string, string, readonly string[]]>([
    ['no frontmatter', 'Look.', ['1: expected a line "---", then fields such as "id: github-ci", then another "---"']],
    ['no end of it', '---\nid: ci\nLook.', ['1: the frontmatter does not end; expected another line "---" below it']],
    [
      'empty frontmatter',
      '---\n---\nLook.',
      [expect.stringMatching(/^1: id: missing; expected a name for the URL/) as never],
    ],
    ['a list for frontmatter', '---\n- id\n---\nLook.', ['1: expected an object with id, found a list']],
    [
      'an id that is no name for a URL',
      specText({ id: 'a b' }),
      [expect.stringMatching(/^2: id: expected .*, found "a b"$/) as never],
    ],
    ['an id with a slash', specText({ id: 'a/b' }), [expect.stringMatching(/^2: id: .*, found "a\/b"$/) as never]],
    ['an id that is a number', '---\nid: 7\n---\nLook.', [expect.stringMatching(/^2: id: .*, found 7$/) as never]],
    [
      'a key that nobody knows',
      specText({ id: 'ci', isolate: true }),
      ['3: isolate: unknown key; did you mean "isolated"?'],
    ],
    [
      'a key of its schema written twice',
      '---\nid: ci\nfields:\n  properties: { a: {},\n    a: {} }\n---\nx',
      ['5: not valid YAML: a: written twice (first in line 4)'],
    ],
    ['a key written twice', '---\nid: ci\nid: cd\n---\nx', ['3: not valid YAML: id: written twice (first in line 2)']],
    [
      'a key in both spellings',
      specText({ id: 'ci', allow_ping: true, 'allow-ping': true }),
      ['4: allow-ping: is the same as allow_ping'],
    ],
    ['a wrong type', specText({ id: 'ci', thinking: 'yes' }), ['3: thinking: expected true or false, found "yes"']],
    [
      'a word that is no choice',
      specText({ id: 'ci', 'update-main-session': 'never' }),
      ['3: update_main_session: expected one of always, on_ping, freely, blocked, found "never"'],
    ],
    [
      'YAML that is none',
      '---\nid: ci\nfields: {a: [}\n---\nLook.',
      [expect.stringMatching(/^3: not valid YAML: /) as never],
    ],
    [
      'an alias of nothing',
      '---\nid: ci\nmodel: *x\n---\nLook.',
      [expect.stringMatching(/^1: not valid YAML: Unresolved alias/) as never],
    ],
    [
      'fields that are no schema',
      specText({ id: 'ci', fields: ['a'] }),
      ['3: fields: expected a JSON Schema, found a list'],
    ],
    [
      'a schema that is not of draft 7',
      '---\nid: ci\nfields:\n  type: object\n  properties:\n    repo:\n      type: strng\n---\nLook.',
      ['7: fields.properties.repo.type: must be equal to one of the allowed values'],
    ],
    [
      'a schema that refers to nothing',
      specText({ id: 'ci', fields: { $ref: '#/definitions/a' } }),
      ["3: fields: can't resolve reference #/definitions/a from id #"],
    ],
    [
      'more than 20 fields',
      specText({ id: 'ci', fields: { properties } }),
      ['3: fields.properties: expected at most 20 properties, found 21'],
    ],
    ['a model that is none', specText({ id: 'ci', model: 'none' }), ['3: model: "none" is no model']],
    ['an empty body', '---\nid: ci\n---\n\n', ['1: the body is empty; expected what the agent is asked to do']],
    [
      'a field in the body that is not declared',
      '---\nid: ci\nfields:\n  properties:\n    repo: {}\n---\n\n\nOne {repo}\nTwo {repos}',
      ['10: {repos} is no declared field: did you mean {repo}? (\\{repos} stands for the text itself)'],
    ],
  ])('%s', (_, text, flaws) => {
    expect(flawsOf(text)).toEqual(flaws);
    expect(compile(text).mapping).toBeUndefined();
  });

  it('a model that runs a command, unless any run may', () => {
    const runsCommand = (model: string | undefined) => model === 'provider/cli' || model === undefined;
    const message = "runs a command, for which agents.defaults.tools must list 'command'";
    expect(flawsOf(specText({ id: 'ci', model: 'cli' }), { runsCommand })).toEqual([`3: model: "cli" ${message}`]);
    expect(flawsOf(specText({ id: 'ci' }), { runsCommand })).toEqual([`1: the default model ${message}`]);
    expect(flawsOf(specText({ id: 'ci', model: 'other' }), { runsCommand })).toEqual([]);
    const allowed = compile(specText({ id: 'ci' }), { runsCommand, usualTools: ['command', 'report'] });
    expect(allowed.mapping?.policy.tools).toEqual(['ping_user', 'command']);
  });

  it('all at once', () => {
    const text = specText({ id: 'ci', model: 'none', fields: { type: 'strng' } }, '{repo}');
    expect(compile(text).flaws.map(({ line }) => line)).toEqual([4, 3, 7]);
  });

  it.each([
    ['the id is known where the file says it', specText({ id: 'ci', isolate: 1 }), 'ci'],
    ['also where the YAML is broken further down', '---\nid: ci\nfields: {a: [}\n---\nLook.', 'ci'],
    ['not where there is none', 'Look.', undefined],
  ])('%s', (_, text, id) => {
    expect(compile(text).id).toBe(id);
  });
});
