import { describe, expect, it } from '@jest/globals';
import type { WorkflowAction } from '../../src/domain/action.ts';
import { InvalidEvent } from '../../src/domain/errors.ts';
import { usualPolicy } from '../../src/domain/mapping.ts';
import type { MappingRule, WorkflowRule } from '../../src/mapping/settings/mapping-schema.ts';
import type { Patch } from '../../src/mapping/transform/patch.ts';
import { compileWorkflow } from '../../src/mapping/workflow.ts';
import { actionsOf, compile, contextOf, mappingOf } from './fixtures.ts';

const order = contextOf({ id: 7, who: 'Ada\nLovelace', lines: [{ sku: 'a' }, { sku: 'b' }] });

function workflowOf(id: string, rule: WorkflowRule) {
  const compiled = compileWorkflow(id, rule, (name) => `provider/${name}`);
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.problems));
  return [id, compiled.value] as const;
}

const workflows = new Map([
  workflowOf('chain', {
    name: 'Chain',
    model: 'big',
    thinking: 'low',
    wakeMode: 'next-heartbeat',
    channel: 'slack',
    to: '#ops',
    deliver: 'every-step',
    continueOnError: true,
    steps: [
      { id: 'plan', message: 'Plan {{id}}' },
      { id: 'do', name: 'Do it', message: '{{steps.plan.outputText}}', model: 'small', condition: 'previous-success' },
    ],
  }),
  workflowOf('sh', { model: 'sh', steps: [{ id: 'a', message: 'x' }] }),
]);
const compileRule = (rule: MappingRule) => compile({ action: 'workflow', ...rule }, { workflows });

const one = (message = 'Order {{id}}', more: object = {}) => [{ id: 'a', message, ...more }];

function workflowOfEvent(rule: MappingRule, context = order): WorkflowAction {
  const [action] = actionsOf(mappingOf({ action: 'workflow', ...rule }, { workflows }), context);
  if (action?.kind !== 'workflow') throw new Error('expected a workflow');
  return action;
}

describe('a mapping of action workflow', () => {
  it('makes one of its own steps, with every default in place', () => {
    expect(workflowOfEvent({ steps: one() })).toEqual({
      kind: 'workflow',
      workflowId: 'test',
      name: 'test',
      steps: [{ id: 'a', name: 'a', condition: 'always', message: ['Order ', { path: 'id' }] }],
      outside: false,
      wakeMode: 'now',
      continueOnError: false,
      deliver: false,
      channel: 'last',
    });
  });

  it('makes that of the config as it is there', () => {
    const usual = { model: 'provider/big', thinking: 'low' };
    expect(workflowOfEvent({ workflow: 'chain' })).toEqual({
      kind: 'workflow',
      workflowId: 'chain',
      name: 'Chain',
      steps: [
        { id: 'plan', name: 'plan', condition: 'always', message: ['Plan ', { path: 'id' }], ...usual },
        {
          id: 'do',
          name: 'Do it',
          condition: 'previous-success',
          message: [{ path: 'steps.plan.outputText' }],
          ...usual,
          model: 'provider/small',
        },
      ],
      outside: false,
      wakeMode: 'next-heartbeat',
      continueOnError: true,
      deliver: 'every-step',
      channel: 'slack',
      to: '#ops',
    });
  });

  it('goes before the workflow that it names in all but the steps, with name, key and recipient as templates', () => {
    const action = workflowOfEvent({
      workflow: 'chain',
      name: 'Order of {{who}}',
      sessionKey: 'order:{{id}}',
      to: '{{who}}',
      channel: 'signal',
      wakeMode: 'now',
      continueOnError: false,
      deliver: true,
      model: 'huge',
      thinking: 'max',
      timeoutSeconds: 5,
      dedupeKey: 'order {{id}}',
    });
    expect(action).toMatchObject({
      workflowId: 'chain',
      name: 'Order of Ada Lovelace',
      sessionKey: 'order:7',
      to: 'Ada Lovelace',
      channel: 'signal',
      wakeMode: 'now',
      continueOnError: false,
      deliver: true,
      dedupeKey: '["order ",[7]]',
    });
    const usual = { model: 'provider/huge', thinking: 'max', timeoutSeconds: 5 };
    expect(action.steps).toMatchObject([usual, { ...usual, model: 'provider/small' }]);
  });

  it('has its safety in its policy and its limits, like any other', () => {
    const rule: MappingRule = { steps: one(), screen: true, tools: ['report'], context: 'main', maxConcurrent: 1 };
    const { policy, limits } = mappingOf({ ...rule, action: 'workflow' });
    expect(policy).toEqual({ ...usualPolicy, screen: true, tools: ['report'], context: 'main' });
    expect(limits).toEqual({ maxConcurrent: 1 });
  });

  it('gives each element of a batch a workflow, whose steps see that one alone', () => {
    const rule: MappingRule = { action: 'workflow', forEach: 'lines', sessionKey: 'line:{{lines[0].sku}}' };
    const mapping = mappingOf({ ...rule, dedupeKey: '{{lines[0].sku}}', steps: one('Line {{lines[0].sku}}') });
    const message = ['Line ', { path: 'lines[0].sku' }];
    const made = ['a', 'b'].map((sku, index) => ({
      each: { key: 'lines', index },
      sessionKey: `line:${sku}`,
      dedupeKey: JSON.stringify([[sku]]),
      steps: [{ message }],
    }));
    expect(actionsOf(mapping, order)).toMatchObject(made);
    expect(actionsOf(mapping, contextOf({ lines: [] }))).toEqual([]);
  });

  it('is made of sections of the payload, too, with results of steps in them', () => {
    const message = '{{#lines}}- {{sku}}: {{steps.a.error}}\n{{/lines}}';
    const [, second] = workflowOfEvent({ steps: [...one(), { id: 'b', message }] }).steps;
    expect(second?.message).toEqual(
      [0, 1].flatMap((at) => ['- ', { path: `lines[${at}].sku` }, ': ', { path: 'steps.a.error' }, '\n']),
    );
  });

  it.each<[string, MappingRule, string]>([
    [
      'has a step with nothing to say',
      { steps: [...one(), { id: 'b', message: '{{gone}} ' }] },
      'steps[1].message is empty',
    ],
    [
      'has the key of the owner',
      { steps: one(), sessionKey: '{{key}}' },
      'sessionKey: "main" is the session of the owner',
    ],
    ['has nobody to go to', { steps: one(), to: '{{gone}}' }, 'to is blank'],
    [
      'is too much in all its steps together',
      { steps: ['a', 'b', 'c'].map((id) => ({ id, message: 'x{{#long}}{{.}}{{/long}}' })) },
      'with this event the texts have more than 20000 pieces',
    ],
  ])('refuses an event of which a workflow %s', (_, rule, message) => {
    const context = contextOf({ id: 7, key: 'MAIN', long: new Array(9000).fill(0) });
    expect(() => workflowOfEvent(rule, context)).toThrow(InvalidEvent);
    expect(() => workflowOfEvent(rule, context)).toThrow(message);
  });

  it('may have a step that says only what an earlier one has said', () => {
    const steps = [...one(), { id: 'b', message: '{{steps.a.outputText}}' }];
    expect(workflowOfEvent({ steps }).steps[1]?.message).toEqual([{ path: 'steps.a.outputText' }]);
  });

  it.each<[MappingRule, string]>([
    [{ steps: one() }, 'workflow of 1 step'],
    [{ steps: [...one(), { id: 'b', message: 'x' }], rate: '1/m' }, 'workflow of 2 steps, 1/m'],
    [
      { workflow: 'chain', forEach: 'lines', transform: { module: 'a.ts' } },
      'workflow chain for each of lines through a.ts',
    ],
  ])('with %j says that it does "%s"', (rule, does) => {
    expect(mappingOf({ action: 'workflow', ...rule }, { workflows }).does).toBe(does);
  });
});

const command = "runs a command, for which the mapping must list tools: ['command'] (or agents.defaults must)";

describe('a mapping of action workflow that cannot work is told why:', () => {
  it.each<[string, MappingRule, string[]]>([
    ['the workflow is none', { workflow: 'nope' }, ['/workflow: there is no workflow "nope"; workflows has chain, sh']],
    [
      'a model is not allowed',
      { model: 'none', steps: [...one('x', { model: 'not' }), { id: 'b', message: 'x', model: 'small' }] },
      ['/model: model "none" is not allowed', '/steps/0/model: model "not" is not allowed'],
    ],
    [
      'ids are there twice',
      { steps: [...one(), ...one()] },
      ['/steps/1/id: expected an id of its own, found that of steps[0]'],
    ],
    [
      'templates do not work',
      { name: '{{#a}}', steps: [...one('{{>x}}'), { id: 'b', message: '{{#open}}' }] },
      [
        '/name: Unclosed section "a" (template line 1, column 7)',
        '/steps/0/message: partials such as {{>x}} are not supported (template line 1, column 1)',
        '/steps/1/message: Unclosed section "open" (template line 1, column 10)',
      ],
    ],
    [
      'there is no such result',
      {
        steps: [
          ...one('x\n{{steps.b.error}}'),
          { id: 'b', message: '{{steps.b.error}}' },
          { id: 'c', message: '{{#lines}}\n{{{steps.x.outputText}}}{{/lines}}' },
        ],
      },
      [
        '/steps/0/message: {{steps.b.error}}: there is no such step before this one; it is the first (template line 2, column 1)',
        '/steps/1/message: {{steps.b.error}}: there is no such step before this one; before it is a (template line 1, column 1)',
        '/steps/2/message: {{steps.x.outputText}}: there is no such step before this one; before it are a, b (template line 2, column 1)',
      ],
    ],
    [
      'a result has another name',
      {
        steps: [
          ...one(),
          { id: 'b', message: '{{steps.a.text}}' },
          { id: 'c', message: '{{steps[0].error}}{{steps}}' },
        ],
      },
      [
        '/steps/1/message: {{steps.a.text}}: expected steps.<id>.outputText or steps.<id>.error; a field of the payload is payload.steps.a.text (template line 1, column 1)',
        '/steps/2/message: {{steps[0].error}}: expected steps.<id>.outputText or steps.<id>.error; a field of the payload is payload.steps[0].error (template line 1, column 1)',
      ],
    ],
    ...['#', '^'].map((kind): [string, MappingRule, string[]] => [
      `a result makes a section ${kind}`,
      { steps: [...one(), { id: 'b', message: `{{${kind}steps.a.error}}x{{/steps.a.error}}` }] },
      [
        `/steps/1/message: {{${kind}steps.a.error}}: the result of a step cannot make a section (template line 1, column 1)`,
      ],
    ]),
    [
      'a model is a command',
      { model: 'sh', steps: [...one(), { id: 'b', message: 'x' }] },
      [`/model: "sh" ${command}`],
    ],
    [
      'the model of a step is a command',
      { steps: [...one(), { id: 'b', message: 'x', model: 'sh' }] },
      [`/steps/1/model: "sh" ${command}`],
    ],
    ['the model of its workflow is a command', { workflow: 'sh' }, [`/workflow: "provider/sh" ${command}`]],
  ])('%s', (_, rule, problems) => {
    expect(compileRule(rule)).toEqual(problems);
  });

  it('the default model is a command, said once for all steps that have it', () => {
    const rule: MappingRule = { action: 'workflow', steps: [...one(), { id: 'b', message: 'x' }] };
    const runsCommand = (model: string | undefined) => model === undefined;
    expect(compile(rule, { runsCommand })).toEqual([`: the default model ${command}`]);
    expect(compile({ ...rule, model: 'small' }, { runsCommand })).toMatchObject({ policy: { tools: [] } });
    expect(compile({ ...rule, model: 'none' }, { runsCommand })).toEqual(['/model: model "none" is not allowed']);
  });

  it('a default model that is a command is no reason where the mapping may run commands', () => {
    const may: MappingRule = { tools: ['command'], steps: one('x', { model: 'sh' }) };
    expect(compileRule(may)).toMatchObject({ policy: { tools: ['command'] } });
    expect(compileRule({ workflow: 'sh', model: 'small' })).toMatchObject({ policy: { tools: [] } });
  });

  it('its workflow does not load, which says itself why', () => {
    const broken = new Map([['broken', undefined]]);
    expect(compile({ action: 'workflow', workflow: 'broken' }, { workflows: broken })).toEqual([
      '/workflow: the workflow "broken" does not load',
    ]);
  });

  it('a field `steps` of the payload is none of its own, and has its place in steps', () => {
    const [step] = workflowOfEvent(
      { steps: one('{{payload.steps[0].name}}') },
      contextOf({ steps: [{ name: 'x' }] }),
    ).steps;
    expect(step?.message).toEqual([{ path: 'payload.steps[0].name' }]);
  });
});

describe('the transform of a workflow', () => {
  const rule: MappingRule = {
    action: 'workflow',
    workflow: 'chain',
    sessionKey: 'base',
    transform: { module: 'a.ts' },
  };
  const acting = (patch: Patch | null | undefined, more: MappingRule = {}) =>
    mappingOf(
      { ...rule, ...more },
      { workflows, transforms: { run: async (_, elements) => elements.map(() => patch) } },
    ).act(order, Buffer.from('{}'));

  it('that says nothing leaves it as it is', async () => {
    const { transform: _, ...plain } = rule;
    const base = [workflowOfEvent(plain)];
    expect(await acting(undefined)).toEqual(base);
    expect(await acting({})).toEqual(base);
  });

  it('changes what it names, but not what a step says itself', async () => {
    const patch: Patch = {
      name: 'New\nname',
      sessionKey: 'other',
      deliver: false,
      wakeMode: 'now',
      channel: 'log',
      to: 'x\ny',
    };
    const [action] = (await acting({ ...patch, model: 'huge', thinking: 'off', timeoutSeconds: 3 })) ?? [];
    expect(action).toMatchObject({ ...patch, kind: 'workflow', name: 'New name', to: 'x y' });
    const usual = { thinking: 'off', timeoutSeconds: 3 };
    expect(action).toMatchObject({
      steps: [
        { ...usual, model: 'provider/huge' },
        { ...usual, model: 'provider/small' },
      ],
    });
  });

  it('that says null skips the event; in a batch, that element', async () => {
    expect(await acting(null)).toBeNull();
    const run = async () => [null, {}];
    const batch = mappingOf({ ...rule, forEach: 'lines' }, { workflows, transforms: { run } });
    expect(await batch.act(order, Buffer.from('{}'))).toMatchObject([{ kind: 'workflow', each: { index: 1 } }]);
  });

  it('makes another action instead, with a text of its own', async () => {
    const message = [{ path: 'message', value: 'Look' }];
    const [run] = (await acting({ action: 'agent', message }, { deliver: 'every-step' })) ?? [];
    expect(run).toMatchObject({ kind: 'agent', message, sessionKey: 'base', deliver: true });
    expect(run).not.toHaveProperty('steps');
    const text = [{ path: 'text', value: 'Up' }];
    expect(await acting({ action: 'wake', text })).toEqual([{ kind: 'wake', text, wakeMode: 'now' }]);
  });

  it.each<[string, Patch, string]>([
    [
      'a message',
      { message: ['x'] },
      "the transform returned a message, but a workflow has messages in its steps; return action: 'agent' with it to have no workflow",
    ],
    [
      'a text',
      { text: ['x'] },
      "the transform returned a text, but a workflow has messages in its steps; return action: 'wake' with it to have no workflow",
    ],
    ['another action without a text', { action: 'agent' }, 'hook mapping requires message'],
    ['the session of the owner', { sessionKey: 'main' }, 'sessionKey: "main" is the session of the owner'],
    ['a model that is not allowed', { model: 'none' }, 'model: model "none" is not allowed'],
    ['nobody to go to', { to: '\u0000' }, 'to is blank'],
  ])('cannot say %s', async (_, patch, message) => {
    await expect(acting(patch)).rejects.toThrow(message);
    await expect(acting(patch)).rejects.toThrow(InvalidEvent);
  });
});
