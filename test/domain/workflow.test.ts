import { describe, expect, it } from '@jest/globals';
import type { Step, WorkflowAction } from '../../src/domain/action.ts';
import { usualPolicy } from '../../src/domain/mapping.ts';
import type { RunStatus } from '../../src/domain/run.ts';
import {
  next,
  resultsOf,
  runOfStep,
  type StepResult,
  stepPlaceholder,
  stepReference,
  stepStates,
} from '../../src/domain/workflow.ts';

const conditions = ['always', 'previous-success', 'previous-error'] as const;
type Condition = (typeof conditions)[number];
/** A step, and how it ends if it runs. */
type Planned = readonly [condition: Condition, end: 'ok' | 'error'];

/** Goes from step to step, as a workflow does. */
function play(plan: readonly Planned[], continueOnError: boolean): string {
  const steps = plan.map(([condition]) => ({ condition }));
  let now = next(steps, [], continueOnError);
  while (now.status === 'running') {
    const [, end] = plan[now.results.length] ?? [];
    if (!end) throw new Error('a step is to run that there is not');
    now = next(steps, [...now.results, end], continueOnError);
  }
  return `${now.results.join(' ')}: ${now.status}`;
}

/**
 * The same rules in another form: which pasts let a step run. A past has a letter for each step before: o ok, e error, s skipped.
 * Past a failure, a workflow that does not go on has only steps for failures.
 */
const pasts: Record<Condition, { goesOn: RegExp; stops: RegExp }> = {
  always: { goesOn: /^[oes]*$/, stops: /^[os]*$/ },
  'previous-success': { goesOn: /os*$/, stops: /^[os]*os*$/ },
  'previous-error': { goesOn: /es*$/, stops: /es*$/ },
};
const words: Record<string, StepResult> = { o: 'ok', e: 'error', s: 'skipped' };

function expected(plan: readonly Planned[], continueOnError: boolean): string {
  let past = '';
  for (const [condition, end] of plan) {
    const mayRun = pasts[condition][continueOnError ? 'goesOn' : 'stops'].test(past);
    past += mayRun ? end[0] : 's';
  }
  return `${[...past].map((letter) => words[letter]).join(' ')}: ${past.includes('e') ? 'error' : 'completed'}`;
}

/** Every plan of so many steps. */
function plansOf(count: number): Planned[][] {
  if (count === 0) return [[]];
  const last = conditions.flatMap((condition): Planned[] => [
    [condition, 'ok'],
    [condition, 'error'],
  ]);
  return plansOf(count - 1).flatMap((plan) => last.map((step) => [...plan, step]));
}

describe('the way of a workflow', () => {
  it('is the one that the rules say in each of the 3108 cases that one to four steps can make', () => {
    const plans = [1, 2, 3, 4].flatMap(plansOf);
    const cases = plans.flatMap((plan) => [true, false].map((continueOnError) => ({ plan, continueOnError })));
    expect(cases).toHaveLength(2 * (6 + 6 ** 2 + 6 ** 3 + 6 ** 4));
    expect(cases).toHaveLength(3108);
    const wrong = cases.flatMap(({ plan, continueOnError }) => {
      const [found, wanted] = [play(plan, continueOnError), expected(plan, continueOnError)];
      return found === wanted ? [] : [{ plan: plan.join(' '), continueOnError, found, wanted }];
    });
    expect(wrong).toEqual([]);
  });

  const ok: Planned = ['always', 'ok'];
  const fails: Planned = ['always', 'error'];
  const onSuccess: Planned = ['previous-success', 'ok'];
  const onError: Planned = ['previous-error', 'ok'];

  it.each<[string, readonly Planned[], string]>([
    ['runs every step unless told otherwise', [ok, ok, ok], 'ok ok ok: completed'],
    ['skips a first step that asks for an earlier one', [onSuccess, onError, ok], 'skipped skipped ok: completed'],
    ['is completed where no step had to run', [onSuccess, onError], 'skipped skipped: completed'],
    ['looks past a step that was skipped', [ok, onError, onSuccess], 'ok skipped ok: completed'],
    ['looks past any number of them', [fails, onSuccess, onSuccess, onError], 'error skipped skipped ok: error'],
    ['after a failure has only steps for failures', [fails, ok, onSuccess, onError], 'error skipped skipped ok: error'],
    ['has one of them, if that mends it', [fails, onError, onError], 'error ok skipped: error'],
    ['has the next of them, if that fails too', [fails, ['previous-error', 'error'], onError], 'error error ok: error'],
    [
      'does not go on where one of them has mended it',
      [fails, onError, ok, onSuccess],
      'error ok skipped skipped: error',
    ],
    ['is in error if its last step failed', [ok, fails], 'ok error: error'],
  ])('%s', (_, plan, wanted) => {
    expect(play(plan, false)).toBe(wanted);
  });

  it.each<[string, readonly Planned[], string]>([
    ['runs the others after a failure', [fails, ok, ok], 'error ok ok: error'],
    ['still obeys their conditions', [fails, onSuccess, onError, onSuccess], 'error skipped ok ok: error'],
  ])('with continueOnError %s', (_, plan, wanted) => {
    expect(play(plan, true)).toBe(wanted);
  });
});

const always = { condition: 'always', message: ['x'] } as const;
const action: WorkflowAction = {
  kind: 'workflow',
  workflowId: 'release',
  name: 'Release',
  steps: [
    { ...always, id: 'plan', name: 'Plan' },
    { ...always, id: 'build', name: 'Build', model: 'p/m', thinking: 'high', timeoutSeconds: 9 },
    { ...always, id: 'test', name: 'Test' },
    { ...always, id: 'ship', name: 'Ship' },
  ],
  outside: true,
  wakeMode: 'next-heartbeat',
  continueOnError: false,
  deliver: false,
  channel: 'slack',
};

describe('where the steps of a workflow are', () => {
  const statesOf = (status: RunStatus, ...runs: readonly (readonly [step: number | null, status: RunStatus])[]) => {
    const made = runs.map(([step, of]) => ({ step, status: of }));
    const states = stepStates({ action, status }, made);
    return { shown: states.map((state) => state.status).join(' '), results: resultsOf(states).join(' '), states, made };
  };

  it.each<[string, ReturnType<typeof statesOf>, string, string]>([
    ['pending before the first begins', statesOf('pending'), 'pending pending pending pending', ''],
    ['pending where the run of it waits', statesOf('pending', [0, 'pending']), 'pending pending pending pending', ''],
    [
      'ok, running and pending on the way',
      statesOf('running', [0, 'completed'], [1, 'running']),
      'ok running pending pending',
      'ok',
    ],
    [
      'skipped where a later one has a run',
      statesOf('running', [1, 'completed'], [3, 'pending']),
      'skipped ok skipped pending',
      'skipped ok skipped',
    ],
    [
      'skipped, too, where it has ended before them',
      statesOf('error', [0, 'completed'], [1, 'error']),
      'ok error skipped skipped',
      'ok error skipped skipped',
    ],
    [
      'open again after a retry, whose later runs have no place any more',
      statesOf('pending', [0, 'completed'], [1, 'pending'], [null, 'completed']),
      'ok pending pending pending',
      'ok',
    ],
    [
      'all skipped where none had to run',
      statesOf('completed'),
      'skipped skipped skipped skipped',
      'skipped skipped skipped skipped',
    ],
  ])('is %s', (_, { shown, results }, wanted, over) => {
    expect(shown).toBe(wanted);
    expect(results).toBe(over);
  });

  it('comes with their runs', () => {
    const { states, made } = statesOf('running', [0, 'completed'], [2, 'running']);
    expect(states.map(({ run }) => run)).toEqual([made[0], undefined, made[1], undefined]);
  });
});

describe('the run of a step', () => {
  const started = {
    id: 'wf-1',
    eventId: 'e',
    hook: 'shop',
    policy: { ...usualPolicy, screen: true },
    sessionKey: 'workflow:wf-1',
    action,
  };

  it('is one of the workflow’s session, under its policy, with what the step asks for', () => {
    expect(runOfStep(started, 1, 5)).toEqual({
      kind: 'hook',
      eventId: 'e',
      workflowRunId: 'wf-1',
      step: 1,
      hook: 'shop',
      policy: started.policy,
      createdAt: 5,
      action: {
        kind: 'agent',
        message: ['x'],
        name: 'Release: Build',
        sessionKey: 'workflow:wf-1',
        wakeMode: 'next-heartbeat',
        deliver: false,
        channel: 'slack',
        model: 'p/m',
        thinking: 'high',
        timeoutSeconds: 9,
      },
    });
    expect(runOfStep(started, 0, 5).action).not.toHaveProperty('model');
  });

  it.each<[WorkflowAction['deliver'], boolean]>([
    ['every-step', true],
    // That is for the workflow to do, when it is known which step was the last.
    [true, false],
    [false, false],
  ])('of a workflow with deliver %j delivers by itself: %j', (deliver, delivers) => {
    expect(runOfStep({ ...started, action: { ...action, deliver } }, 0, 5).action.deliver).toBe(delivers);
  });

  it('goes to the recipient of the workflow, and sees the element that this is about', () => {
    const each = { key: 'items', index: 1 };
    expect(runOfStep({ ...started, action: { ...action, to: 'me', each } }, 0, 5).action).toMatchObject({
      to: 'me',
      each,
    });
  });

  it('has a name of one line, however long those of workflow and step are', () => {
    const steps: Step[] = [{ ...always, id: 'a', name: 'b'.repeat(200) }];
    const { name } = runOfStep({ ...started, action: { ...action, name: 'a'.repeat(200), steps } }, 0, 5).action;
    expect(name).toBe(`${'a'.repeat(199)}…`);
  });
});

describe('what names the result of a step', () => {
  it.each([
    ['steps.plan.outputText', { id: 'plan', field: 'outputText' }],
    ['steps.plan.error', { id: 'plan', field: 'error' }],
    ['steps.a.b c.error.outputText', { id: 'a.b c.error', field: 'outputText' }],
    ['steps.a\nb.error', { id: 'a\nb', field: 'error' }],
    ['steps.plan', undefined],
    ['steps.plan.summary', undefined],
    ['steps..error', undefined],
    ['steps.plan.outputText.length', undefined],
    ['payload.steps.plan.outputText', undefined],
    ['Steps.plan.error', undefined],
    ['', undefined],
  ])('is found in the path %j', (path, wanted) => {
    expect(stepReference(path)).toEqual(wanted);
  });

  it.each([
    ['a {{steps.plan.outputText}} b', ['steps.plan.outputText']],
    ['{{ steps.plan.error\n}}{{steps.a b.outputText}}', ['steps.plan.error', 'steps.a b.outputText']],
    ['{{{steps.plan.error}}}', ['steps.plan.error']],
    ['{{steps.plan}} {{steps.plan.summary}} {steps.plan.error} {{plan.error}} {{steps.plan.error', []],
    ['{{steps.{{steps.plan.error}}.error}}', ['steps.plan.error']],
    ['${{ steps.build.outputs.url }}', []],
  ])('is found in the message %j', (message, wanted) => {
    expect([...message.matchAll(stepPlaceholder)].map(([, path]) => path)).toEqual(wanted);
  });

  it('is looked for in no more time than a long message takes', () => {
    const start = performance.now();
    for (const piece of ['{{steps.', ' ', '.error', '{{', '{{steps.a.error ']) {
      expect([...`{{steps.${piece.repeat(50_000)}`.matchAll(stepPlaceholder)]).toHaveLength(0);
    }
    expect(performance.now() - start).toBeLessThan(2000);
  });
});
