import { oneLine } from '../../domain/run.ts';
import { oursOf } from '../../domain/text/said.ts';
import { next, resultsOf, runOfStep, stepStates, type WorkflowRun } from '../../domain/workflow.ts';
import { runJob } from '../../queue/jobs.ts';
import { havePinged } from '../../store/queries/deliveries.ts';
import { insertRun } from '../../store/queries/runs.ts';
import { endWorkflowRun, findWorkflowRun, type StepRun, stepRunsOf } from '../../store/queries/workflows.ts';
import type { Reported } from '../attempt/reporting-tools.ts';
import type { Ending } from './ending.ts';
import { tellMain } from './tell-main.ts';

/**
 * What follows from the end of a hook's run: the next step of its workflow, or the
 * workflow's end; and what main hears, which is nothing of an outcome that is null. Returns whether the reply of the run is the last word of a workflow that delivers that.
 */
export async function afterRun(
  ending: Ending,
  { outcome, reported }: { outcome: string | null; reported: Reported },
): Promise<boolean> {
  const { tx, run } = ending;
  const { reports, pings } = reported;
  const workflow = run.workflowRunId === null ? undefined : await findWorkflowRun(tx, run.workflowRunId);
  if (!workflow) {
    await tellMain(ending, { outcome, reports, pinged: pings.length > 0 });
    return false;
  }
  const steps = await stepRunsOf(tx, workflow.id);
  const end = await goOn(ending, workflow, steps);
  const earlier = steps.map(({ id }) => id);
  const pinged = pings.length > 0 || (end !== undefined && (await havePinged(tx, earlier)));
  await tellMain(ending, { outcome: outcome && (end ?? null), reports, pinged });
  return end !== undefined && workflow.action.deliver === true;
}

/** Starts the step that comes next, or ends the workflow. Returns what is to be said of it where it has ended. */
async function goOn(
  { tx, queue, now, newId }: Omit<Ending, 'run'>,
  workflow: WorkflowRun,
  steps: readonly StepRun[],
): Promise<string | undefined> {
  const { id, action, group, sessionKey } = workflow;
  const { results, status } = next(action.steps, resultsOf(stepStates(workflow, steps)), action.continueOnError);
  const failed = steps.find(({ status }) => status === 'error');
  const cancelled = steps.some(({ errorCode }) => errorCode === 'cancelled');
  if (status === 'running' && !cancelled) {
    const run = { id: newId(), ...runOfStep(workflow, results.length, now) };
    await insertRun(tx, run);
    // Before all that waits in the session, so that it sees a workflow as one. And the rate of a mapping counts workflows: all
    // but their first steps have begun already.
    const job = runJob(run.id, sessionKey, now, { first: true, ...(group !== null && { group, begun: true }) });
    await queue.enqueue(tx, job);
    return undefined;
  }
  const end = cancelled ? cancelledEnd : failed ? errorEnd(workflow, failed) : completedEnd(steps);
  await endWorkflowRun(tx, id, end, now);
  return end.error === null ? `${action.name}: ${end.summary}` : `${action.name} ${end.summary}`;
}

const cancelledEnd = {
  status: 'error',
  summary: 'failed (cancelled): cancelled by the owner',
  error: 'cancelled by the owner',
  errorCode: 'cancelled',
} as const;

/** The first step that failed is the one to look at. */
function errorEnd({ action }: WorkflowRun, { step, error: recorded, errorCode }: StepRun) {
  const error = oursOf(recorded ?? '');
  const name = oneLine(action.steps[step ?? 0]?.name ?? '', 100);
  const summary = oneLine(`failed at ${name} (${errorCode}): ${error}`, 300);
  return { status: 'error', summary, error: oneLine(`${name}: ${error}`, 300), errorCode } as const;
}

function completedEnd(steps: readonly StepRun[]) {
  const summary = steps.findLast(({ summary }) => summary !== null)?.summary ?? '';
  return { status: 'completed', summary, error: null, errorCode: null } as const;
}
