import { describe, expect, it } from '@jest/globals';
import { type Config, configSchema } from '../../../src/config/schema.ts';
import type { WorkflowAction } from '../../../src/domain/action.ts';
import { InvalidEvent } from '../../../src/domain/errors.ts';
import { usualPolicy } from '../../../src/domain/mapping.ts';
import type { WorkflowRule } from '../../../src/mapping/settings/mapping-schema.ts';
import { builtinMappings } from '../../../src/mapping/sources/builtin.ts';
import { compileWorkflow } from '../../../src/mapping/workflow.ts';
import { compileSchema } from '../../../src/schema/ajv.ts';
import { actionsOf, contextOf } from '../fixtures.ts';

const checkConfig = compileSchema(configSchema, { defaults: true });

const resolveModel = (name: string) => {
  if (name.trim() === 'none') throw new Error('"none" is not allowed; agents.defaults.models lists: provider/small');
  return `provider/${name.trim()}`;
};

const rules: Record<string, WorkflowRule> = {
  chain: {
    name: 'Chain',
    model: 'big',
    thinking: 'low',
    timeoutSeconds: 60,
    wakeMode: 'next-heartbeat',
    channel: 'slack',
    to: '#ops',
    deliver: 'every-step',
    continueOnError: true,
    steps: [
      { id: 'draft', message: 'Draft about {{topic}}' },
      {
        id: 'polish',
        name: 'Polish',
        model: 'small',
        condition: 'previous-success',
        message: '{{steps.draft.outputText}}',
      },
    ],
  },
  bare: { steps: [{ id: 'only', message: '{{topic}}' }] },
};

function act(payload: unknown, hooks: Partial<Config['hooks']> = {}, workflows = rules): WorkflowAction {
  const checked = checkConfig({ hooks: { ...hooks } });
  if (!checked.ok) throw new Error(JSON.stringify(checked.problems));
  const compiled = Object.entries(workflows).map(([id, rule]) => {
    const workflow = compileWorkflow(id, rule, resolveModel);
    if (!workflow.ok) throw new Error(JSON.stringify(workflow.problems));
    return [id, workflow.value] as const;
  });
  const deps = {
    hooks: checked.value.hooks,
    resolveModel,
    usualTools: [],
    maxTimeoutSeconds: 3600,
    workflows: new Map(compiled),
  };
  const mapping = builtinMappings(deps).find(({ path }) => path === 'workflow');
  if (!mapping) throw new Error('no mapping workflow');
  expect(mapping.policy).toEqual(usualPolicy);
  const [action] = actionsOf(mapping, contextOf(payload, { path: 'workflow' }));
  if (action?.kind !== 'workflow') throw new Error('expected a workflow');
  return action;
}

/** Everything that a caller is told. */
function problemsOf(...args: Parameters<typeof act>): readonly string[] {
  try {
    act(...args);
    return [];
  } catch (error) {
    if (!(error instanceof InvalidEvent)) throw error;
    expect(error.message).toBe(error.details ? 'the workflow is not valid' : error.message);
    return error.details ?? [error.message];
  }
}

const step = (more: object = {}) => ({ id: 'a', name: 'A', message: 'Do a', ...more });
const request = (more: object = {}) => ({ id: 'w', name: 'W', steps: [step()], ...more });
const steps = (...all: unknown[]) => request({ steps: all });

describe('a request with steps of its own', () => {
  it('needs no more than an id, a name and steps that have the same and a message', () => {
    expect(act(request())).toEqual({
      kind: 'workflow',
      workflowId: 'w',
      name: 'W',
      steps: [{ id: 'a', name: 'A', condition: 'always', message: [{ path: 'payload.steps[0].message' }] }],
      outside: true,
      wakeMode: 'now',
      continueOnError: false,
      deliver: false,
      channel: 'last',
    });
  });

  it('takes every field, and gives to steps what they do not say themselves', () => {
    const fields = {
      sessionKey: 'workflow:x',
      wakeMode: 'next-heartbeat',
      continueOnError: true,
      deliver: true,
      to: 'me',
    };
    const own = { model: 'small', thinking: 'off', timeoutSeconds: 5, condition: 'previous-error' };
    const action = act(
      request({
        ...fields,
        channel: 'signal',
        model: 'big',
        thinking: 'high',
        timeoutSeconds: 90,
        steps: [step(), step({ id: 'b', ...own }), step({ id: 'c', thinking: 'max' })],
      }),
    );
    const usual = { model: 'provider/big', thinking: 'high', timeoutSeconds: 90 };
    expect(action).toMatchObject({ ...fields, channel: 'signal' });
    expect(action.steps).toMatchObject([
      { ...usual, condition: 'always' },
      { ...own, model: 'provider/small' },
      { ...usual, thinking: 'max' },
    ]);
  });

  it('has the blanks round its texts taken away, and each of them in one line', () => {
    const spaced = { name: ' A\n B ', sessionKey: ' hook:a ', model: ' small ', to: ' me\t' };
    const action = act(request({ ...spaced, id: ' w\n', steps: [step({ id: '\ta\nb ', name: ' A\u0000 ' })] }));
    expect(action).toMatchObject({ workflowId: 'w', name: 'A B', sessionKey: 'hook:a', to: 'me' });
    expect(action.steps).toMatchObject([{ id: 'a b', name: 'A', model: 'provider/small' }]);
  });

  it('has names even where nothing of its own can be printed', () => {
    const action = act(request({ name: '\u0001', steps: [step({ name: '\u0000' })] }));
    expect([action.name, action.steps[0]?.name]).toEqual(['workflow', 'a']);
  });

  it.each([
    ['every-step', 'every-step'],
    [true, true],
    [false, false],
  ])('may ask to deliver %j', (deliver, wanted) => {
    expect(act(request({ deliver })).deliver).toBe(wanted);
  });

  it.each([
    ['imsg', 'imessage'],
    ['teams', 'msteams'],
    ['log', 'log'],
  ])('may call its channel %s', (channel, wanted) => {
    expect(act(request({ channel })).channel).toBe(wanted);
  });

  it('has the fields ignored that no workflow has', () => {
    const unknown = { tools: ['bash'], outside: false, policy: {}, context: 'main', allowUnsafeExternalContent: true };
    const plain = act(request());
    expect(act(request({ ...unknown, steps: [step({ ...unknown, deliver: true, sessionKey: 'main' })] }))).toEqual(
      plain,
    );
  });

  it('may have 100 steps, whose messages name 20 results of those before', () => {
    const many = Array.from({ length: 100 }, (_, at) => step({ id: `s${at}` }));
    const message = '{{steps.s0.outputText}} {{ steps.s98.error }}'.repeat(10);
    expect(act(steps(...many.slice(0, 99), step({ id: 's99', message }))).steps).toHaveLength(100);
  });

  it('may speak of what only looks like the result of a step', () => {
    expect(
      problemsOf(steps(step({ message: '${{ steps.x.outputs.y }} {{steps.x}} {{x}} {{#steps.x.error}}' }))),
    ).toEqual([]);
  });

  it('goes before the workflow of the config that has the same id', () => {
    expect(act(request({ id: 'chain' }))).toMatchObject({
      workflowId: 'chain',
      name: 'W',
      outside: true,
      channel: 'last',
    });
  });
});

describe('a request for a workflow of the config', () => {
  it('needs no more than its id', () => {
    expect(act({ id: ' chain ', topic: 'rain' })).toEqual({
      kind: 'workflow',
      workflowId: 'chain',
      name: 'Chain',
      steps: [
        {
          id: 'draft',
          name: 'draft',
          condition: 'always',
          message: ['Draft about ', { path: 'topic' }],
          model: 'provider/big',
          thinking: 'low',
          timeoutSeconds: 60,
        },
        {
          id: 'polish',
          name: 'Polish',
          condition: 'previous-success',
          message: [{ path: 'steps.draft.outputText' }],
          model: 'provider/small',
          thinking: 'low',
          timeoutSeconds: 60,
        },
      ],
      outside: false,
      wakeMode: 'next-heartbeat',
      continueOnError: true,
      deliver: 'every-step',
      channel: 'slack',
      to: '#ops',
    });
    expect(act({ id: 'bare', topic: 'x' })).toMatchObject({
      name: 'bare',
      wakeMode: 'now',
      deliver: false,
      channel: 'last',
    });
  });

  it('may say everything but the steps in another way', () => {
    const other = {
      name: 'Other',
      sessionKey: 'hook:x',
      wakeMode: 'now',
      continueOnError: false,
      deliver: false,
      channel: 'signal',
      to: 'me',
    };
    const action = act({ id: 'chain', ...other, model: 'huge', thinking: 'max', timeoutSeconds: 1 });
    expect(action).toMatchObject(other);
    expect(action.steps).toMatchObject([
      { model: 'provider/huge', thinking: 'max', timeoutSeconds: 1 },
      // What a step says itself holds.
      { model: 'provider/small', thinking: 'max', timeoutSeconds: 1 },
    ]);
  });

  it.each<[string, object, string[]]>([
    [
      'all that is wrong with what it says',
      { id: 'chain', deliver: 'maybe', model: 'none', sessionKey: 'main' },
      [
        'deliver: expected true, false or "every-step", found "maybe"',
        'model: "none" is not allowed; agents.defaults.models lists: provider/small',
        'sessionKey: "main" is the session of the owner; choose another, such as "hook:…"',
      ],
    ],
    ['a step that has nothing to say', { id: 'bare' }, ['steps[0].message is empty with this event']],
    [
      'steps that are none',
      { id: 'chain', name: 'x', steps: null },
      ['steps: expected a list of 1 to 100 steps, found null'],
    ],
  ])('is told of %s', (_, payload, problems) => {
    expect(problemsOf(payload)).toEqual(problems);
  });

  it.each<[string, string, Record<string, WorkflowRule>, string]>([
    ['which there are', 'nope', rules, 'there is no "nope", there are chain, bare'],
    ['that there is none', 'nope', {}, 'there is none'],
    [
      'no more than its beginning',
      'x'.repeat(200),
      rules,
      `there is no "${'x'.repeat(39)}…" (200 characters), there are chain, bare`,
    ],
    [
      'ten of many',
      'nope',
      Object.fromEntries(Array.from({ length: 12 }, (_, at) => [`w${at}`, rules.bare as WorkflowRule])),
      'there is no "nope", there are w0, w1, w2, w3, w4, w5, w6, w7, w8, w9 and 2 more',
    ],
    ['names of objects for what they are', '__proto__', rules, 'there is no "__proto__", there are chain, bare'],
  ])('by an unknown id is told %s', (_, id, workflows, told) => {
    const missing = `steps: missing; expected a list of 1 to 100 steps, or as id that of a workflow in the config: ${told}`;
    expect(problemsOf({ id, name: 'x' }, {}, workflows)).toEqual([missing]);
  });
});

const aText = (limit = '') => `expected a non-blank string${limit}`;
const shortText = aText(' of at most 200 characters');
const whole = 'expected an object with id, name, steps';
const aList = 'expected a list of 1 to 100 steps';
const conditions = 'expected one of always, previous-success, previous-error';

describe('a request that cannot work is told all that is wrong, each with its place and what would be right:', () => {
  const cases: [title: string, payload: unknown, problems: string[], hooks?: Partial<Config['hooks']>][] = [
    // An empty body is an empty object.
    ['no body', {}, [`id: missing; ${shortText}`, `name: missing; ${shortText}`, `steps: missing; ${aList}`]],
    ['a list', [1, 2], [`${whole}, found a list`]],
    ['null', null, [`${whole}, found null`]],
    ['a text', 'w', [`${whole}, found "w"`]],
    ['no id', request({ id: undefined }), [`id: missing; ${shortText}`]],
    ['a blank id', request({ id: ' \n' }), [`id: ${shortText}, found ""`]],
    ['an id that is a number', request({ id: 5 }), [`id: ${shortText}, found 5`]],
    [
      'an id that is too long',
      request({ id: 'x'.repeat(201) }),
      [`id: ${shortText}, found "${'x'.repeat(39)}…" (201 characters)`],
    ],
    ['no name', request({ name: undefined }), [`name: missing; ${shortText}`]],
    ['a blank name', request({ name: ' ' }), [`name: ${shortText}, found " "`]],
    ['no steps', request({ id: '', steps: undefined }), [`steps: missing; ${aList}`, `id: ${shortText}, found ""`]],
    ['an empty list of steps', steps(), [`steps: ${aList}, found an empty list`]],
    ['steps that are no list', request({ steps: { a: 1 } }), [`steps: ${aList}, found an object`]],
    [
      '101 steps, of which no more is said',
      steps(...Array.from({ length: 101 }, () => step({ message: '{{steps.x.error}}' }))),
      [`steps: ${aList}, found a list of 101`],
    ],
    [
      'steps that are no objects',
      steps(step(), 'x', [], null),
      [
        'steps[1]: expected an object with id, message, name, found "x"',
        'steps[2]: expected an object with id, message, name, found an empty list',
        'steps[3]: expected an object with id, message, name, found null',
      ],
    ],
    [
      'a step with nothing in it',
      steps(step({ id: '1' }), {}),
      [
        `steps[1].id: missing; ${shortText}`,
        `steps[1].message: missing; ${aText()}`,
        `steps[1].name: missing; ${shortText}`,
      ],
    ],
    [
      'a step with nothing but blanks',
      steps({ id: ' ', name: '\t', message: ' \n' }),
      [
        `steps[0].id: ${shortText}, found ""`,
        `steps[0].message: ${aText()}, found " \\n"`,
        `steps[0].name: ${shortText}, found "\\t"`,
      ],
    ],
    [
      'a bad condition',
      steps(step(), step({ id: 'b', condition: 'on-error' })),
      [`steps[1].condition: ${conditions}, found "on-error"`],
    ],
    [
      'ids that are there twice',
      steps(step(), step({ id: 'b' }), step(), step({ id: 'b' })),
      [
        'steps[2].id: expected an id of its own, found that of steps[0]',
        'steps[3].id: expected an id of its own, found that of steps[1]',
      ],
    ],
    [
      'ids that look the same',
      steps(step(), step({ id: ' a ' }), step({ id: 'a\n' })),
      [1, 2].map((at) => `steps[${at}].id: expected an id of its own, found that of steps[0]`),
    ],
    [
      'no id, and no other that is its number',
      steps(step({ id: undefined }), step({ id: '0' })),
      [`steps[0].id: missing; ${shortText}`],
    ],
    [
      'models that are not allowed',
      request({ model: 'none', steps: [step({ model: 'small' }), step({ id: 'b', model: ' none' })] }),
      ['model', 'steps[1].model'].map(
        (at) => `${at}: "none" is not allowed; agents.defaults.models lists: provider/small`,
      ),
    ],
    [
      'models that are none',
      request({ model: 1, steps: [step({ model: ' ' })] }),
      [`model: ${aText()}, found 1`, `steps[0].model: ${aText()}, found " "`],
    ],
    [
      'bad thinking',
      request({ thinking: 'hard', steps: [step({ thinking: true })] }),
      [
        'thinking: expected one of off, minimal, low, medium, high, max, found "hard"',
        'steps[0].thinking: expected one of off, minimal, low, medium, high, max, found true',
      ],
    ],
    [
      'bad limits of time',
      request({ timeoutSeconds: 0, steps: [step({ timeoutSeconds: '5' }), step({ id: 'b', timeoutSeconds: 86_401 })] }),
      [
        'timeoutSeconds: expected an integer from 1 to 86400, found 0',
        'steps[0].timeoutSeconds: expected an integer from 1 to 86400, found "5"',
        'steps[1].timeoutSeconds: expected an integer from 1 to 86400, found 86401',
      ],
    ],
    [
      'the session of the owner',
      request({ sessionKey: ' MAIN\n' }),
      ['sessionKey: "main" is the session of the owner; choose another, such as "hook:…"'],
    ],
    [
      'a session that callers may not choose',
      request({ sessionKey: 'workflow:x' }),
      ['sessionKey: must start with one of: hook:, team:'],
      { allowedSessionKeyPrefixes: ['hook:', 'team:'] },
    ],
    [
      'a session key of which nothing can be printed',
      request({ sessionKey: '\u0000' }),
      ['sessionKey: expected a non-blank string of at most 500 characters, found ""'],
    ],
    [
      'a delivery that may be',
      request({ deliver: 'maybe' }),
      ['deliver: expected true, false or "every-step", found "maybe"'],
    ],
    [
      'a channel that there is not',
      request({ channel: 'sms' }),
      [
        'channel: expected one of last, whatsapp, telegram, discord, slack, mattermost, signal, imessage, msteams, webhook, log, found "sms"',
      ],
    ],
    ['a blank recipient', request({ to: ' ' }), [`to: ${aText()}, found " "`]],
    ['a recipient of which nothing can be printed', request({ to: '\u0000' }), ['to: is blank']],
    [
      'a wakeMode that there is not',
      request({ wakeMode: 'later' }),
      ['wakeMode: expected one of now, next-heartbeat, found "later"'],
    ],
    [
      'a continueOnError that is neither',
      request({ continueOnError: 'yes' }),
      ['continueOnError: expected true or false, found "yes"'],
    ],
    [
      'the result of a step that there is not',
      steps(step(), step({ id: 'b', message: '{{steps.a.error}} {{steps.x.outputText}}' })),
      ['steps[1].message: {{steps.x.outputText}}: there is no such step before this one; before it is a'],
    ],
    [
      'the result of a later step, or of the step itself',
      steps(
        step({ message: '{{ steps.b.error }}' }),
        step({ id: 'b' }),
        step({ id: 'c', message: '{{steps.c.error}}' }),
      ),
      [
        'steps[0].message: {{steps.b.error}}: there is no such step before this one; it is the first',
        'steps[2].message: {{steps.c.error}}: there is no such step before this one; before it are a, b',
      ],
    ],
    [
      '21 results of steps',
      steps(step(), step({ id: 'b', message: '{{steps.a.outputText}}'.repeat(21) })),
      ['steps[1].message: names results of steps 21 times; at most 20 are taken'],
    ],
    [
      'many mistakes',
      request({
        name: 1,
        deliver: 0,
        to: '\u0000',
        steps: [step({ message: 5, model: 'none' }), step({ name: 'x'.repeat(201) })],
      }),
      [
        `name: ${shortText}, found 1`,
        'deliver: expected true, false or "every-step", found 0',
        'to: is blank',
        `steps[0].message: ${aText()}, found 5`,
        'steps[0].model: "none" is not allowed; agents.defaults.models lists: provider/small',
        `steps[1].name: ${shortText}, found "${'x'.repeat(39)}…" (201 characters)`,
        'steps[1].id: expected an id of its own, found that of steps[0]',
      ],
    ],
  ];
  it.each(cases)('%s', (_, payload, problems, ...hooks) => {
    expect(problemsOf(JSON.parse(JSON.stringify(payload)), ...hooks)).toEqual(problems);
  });
});

describe('what a sender is told', () => {
  const sizeOf = (payload: object) => JSON.stringify(problemsOf(payload)).length;

  it('is never much longer than what it sent', () => {
    const long = Array.from({ length: 100 }, (_, at) =>
      step({ id: `${at}`.padEnd(200, 'x'), message: `{{steps.${'y'.repeat(2000)}.error}}` }),
    );
    expect(sizeOf(steps(...long))).toBeLessThan(JSON.stringify(long).length);
    expect(sizeOf(steps(...new Array(100).fill({})))).toBeLessThan(40_000);
  });

  it('is found out in a moment, however many steps it sent', () => {
    const start = performance.now();
    for (const one of [0, {}, step(), step({ message: '{{steps.x.error}}' })]) {
      expect(problemsOf(steps(...new Array(100_000).fill(one)))).toEqual([`steps: ${aList}, found a list of 100000`]);
    }
    expect(performance.now() - start).toBeLessThan(5000);
  });
});
