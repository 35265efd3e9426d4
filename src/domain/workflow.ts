import type { AgentAction, Step, WorkflowAction } from './action.ts';
import type { Policy } from './mapping.ts';
import { isOver, oneLine, type Run, type RunErrorCode, type RunStatus } from './run.ts';

/** How a step has ended. */
export type StepResult = 'ok' | 'error' | 'skipped';

/** The durable record of a workflow under way. Times are epoch ms. */
export interface WorkflowRun {
  readonly id: string;
  readonly eventId: string;
  readonly hook: string;
  readonly sessionKey: string;
  readonly status: RunStatus;
  readonly action: WorkflowAction;
  readonly policy: Policy;
  /** whose limits hold for its steps; null where none do */
  readonly group: string | null;
  readonly createdAt: number;
  readonly startedAt: number | null;
  readonly completedAt: number | null;
  readonly summary: string | null;
  readonly error: string | null;
  readonly errorCode: RunErrorCode | null;
}

/** What comes after the steps whose results are known: those of the first steps, in their order. */
export interface NextStep {
  /** with the steps that are skipped now */
  readonly results: readonly StepResult[];
  /** `running`: the step after these results is to run */
  readonly status: 'running' | 'completed' | 'error';
}

/**
 * The rule by which a workflow goes on. A condition is about the nearest earlier step that ran; where there is none, only
 * `always` runs. After a failure without `continueOnError` only `previous-error` steps still run.
 */
export function next(
  steps: readonly Pick<Step, 'condition'>[],
  results: readonly StepResult[],
  continueOnError: boolean,
): NextStep {
  const previous = results.findLast((result) => result !== 'skipped');
  const failed = results.includes('error');
  const step = steps[results.length];
  if (!step) return { results, status: failed ? 'error' : 'completed' };
  const isMet = { always: true, 'previous-success': previous === 'ok', 'previous-error': previous === 'error' };
  const goesOn = !failed || continueOnError || step.condition === 'previous-error';
  if (isMet[step.condition] && goesOn) return { results, status: 'running' };
  return next(steps, [...results, 'skipped'], continueOnError);
}

/** Where a step is. */
export type StepState<R> = {
  readonly status: StepResult | 'running' | 'pending';
  /** its run, where it has one */
  readonly run: R | undefined;
};

/** Where each step of a workflow is, by the runs that its steps have made. */
export function stepStates<R extends Pick<Run, 'step' | 'status'>>(
  { action: { steps }, status }: Pick<WorkflowRun, 'action' | 'status'>,
  runs: readonly R[],
): StepState<R>[] {
  const last = Math.max(-1, ...runs.map(({ step }) => step ?? -1));
  return steps.map((_, at) => {
    const run = runs.find(({ step }) => step === at);
    if (run) return { status: run.status === 'completed' ? 'ok' : run.status, run };
    // It was passed over, or will never begin.
    return { status: at < last || isOver({ status }) ? 'skipped' : 'pending', run };
  });
}

/** The results of the steps that are over, up to the first that is not. */
export function resultsOf(states: readonly StepState<unknown>[]): StepResult[] {
  const end = states.findIndex(({ status }) => status === 'running' || status === 'pending');
  return states.slice(0, end === -1 ? states.length : end).map(({ status }) => status as StepResult);
}

/** What a step is as a run of its own, which has yet to get an id. */
export function runOfStep(
  { id: workflowRunId, eventId, hook, policy, sessionKey, action }: StartedWorkflow,
  step: number,
  createdAt: number,
) {
  const { id: _id, condition: _condition, name, ...asked } = action.steps[step] as Step;
  const { wakeMode, channel, to, each } = action;
  const agentAction: AgentAction = {
    kind: 'agent',
    ...asked,
    name: oneLine(`${action.name}: ${name}`, 200),
    sessionKey,
    wakeMode,
    deliver: action.deliver === 'every-step',
    channel,
    ...(to !== undefined && { to }),
    ...(each && { each }),
  };
  const run = { kind: 'hook' as const, eventId, workflowRunId, step, hook, policy, createdAt };
  return { ...run, action: agentAction };
}
type StartedWorkflow = Pick<WorkflowRun, 'id' | 'eventId' | 'hook' | 'policy' | 'sessionKey' | 'action'>;

/** What a message may name of an earlier step. */
const fields = ['outputText', 'error'] as const;
type StepField = (typeof fields)[number];
const resultPath = new RegExp(`^steps\\.(.+)\\.(${fields.join('|')})$`, 's');

/** `steps.plan.outputText` taken apart; undefined for any other path. */
export function stepReference(path: string): { id: string; field: StepField } | undefined {
  const [, id, field] = resultPath.exec(path) ?? [];
  return id === undefined ? undefined : { id, field: field as StepField };
}

/** Like `{{steps.plan.outputText}}` in a message that is data. */
export const stepPlaceholder = new RegExp(`\\{\\{\\s*(steps\\.[^{}]+\\.(?:${fields.join('|')}))\\s*\\}\\}`, 'g');
