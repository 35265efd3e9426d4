import { isOver, type Run } from '../domain/run.ts';
import { runJob } from '../queue/jobs.ts';
import type { Executor } from '../store/database.ts';
import { findEvent } from '../store/queries/events.ts';
import { findRun, reopenByHand, setPolicy } from '../store/queries/runs.ts';
import { findWorkflowRun, reopenWorkflowRun, stepRunsOf } from '../store/queries/workflows.ts';
import type { Runtime } from './runtime.ts';

type Parts = Pick<Runtime, 'store' | 'queue' | 'clock'>;

export interface RetryOptions {
  /** although screening stopped it */
  readonly unscreened: boolean;
}

/** Why something is not tried again, for people; null where it will be. */
export type Retried = 'missing' | string | null;

/** Has a run that failed tried again. The step of a workflow goes on from there: what came after it counts no more. */
export function retryRun(parts: Parts, id: string, options: RetryOptions): Promise<Retried> {
  return parts.store.write((tx) => retryInside(parts, tx, id, options));
}

/** The same as part of a transaction. */
export async function retryInside(parts: Parts, tx: Executor, id: string, options: RetryOptions): Promise<Retried> {
  const run = await findRun(tx, id);
  if (!run) return 'missing';
  if (run.status !== 'error') return `only a run in error can be retried; this one is ${run.status}`;
  if (run.kind === 'heartbeat') return 'a heartbeat is not retried: the next one reads its lines';
  if (run.workflowRunId === null) return reopen(parts, tx, run, options);
  const workflow = await findWorkflowRun(tx, run.workflowRunId);
  if (!workflow || !isOver(workflow)) return `its workflow ${run.workflowRunId} still goes on`;
  if (run.step === null) return `its workflow ${workflow.id} has gone on from an earlier step since`;
  return reopenStep(parts, tx, { ...run, workflowRunId: workflow.id, step: run.step }, options);
}

/** Has a workflow that failed go on at the first step that did. */
export function retryWorkflow(parts: Parts, id: string, options: RetryOptions): Promise<Retried> {
  return parts.store.write(async (tx) => {
    const workflow = await findWorkflowRun(tx, id);
    if (!workflow) return 'missing';
    if (workflow.status !== 'error') return `only a workflow in error can be retried; this one is ${workflow.status}`;
    const steps = await stepRunsOf(tx, id);
    const failed = steps.find(({ status }) => status === 'error');
    const run = failed && (await findRun(tx, failed.id));
    if (!run) throw new Error(`workflow ${id} is in error, and none of its steps is`);
    return reopenStep(parts, tx, { ...run, workflowRunId: id, step: run.step ?? 0 }, options);
  });
}

/** Screening that is left out for one step is not left out for the next: nobody has looked at what that is given. */
async function reopenStep(
  parts: Parts,
  tx: Executor,
  run: Run & { readonly workflowRunId: string; readonly step: number },
  options: RetryOptions,
): Promise<Retried> {
  const refused = await reopen(parts, tx, run, options);
  if (refused !== null) return refused;
  const { workflowRunId, step } = run;
  const steps = await stepRunsOf(tx, workflowRunId);
  for (const later of steps) if ((later.step ?? 0) > step) await parts.queue.exhume(tx, later.id);
  await reopenWorkflowRun(tx, workflowRunId, step);
  return null;
}

async function reopen(
  { queue, clock }: Parts,
  tx: Executor,
  { id, sessionKey, eventId, errorCode, policy }: Run,
  { unscreened }: RetryOptions,
): Promise<Retried> {
  if (unscreened && errorCode !== 'screened') {
    const code = `this one ended with the code ${errorCode}`;
    return `only a run that screening has stopped can be retried unscreened; ${code}`;
  }
  const group = eventId === null ? undefined : ((await findEvent(tx, eventId))?.mapping ?? undefined);
  await queue.exhume(tx, id);
  if (unscreened) await setPolicy(tx, id, { ...policy, screen: false });
  await reopenByHand(tx, id);
  await queue.enqueue(tx, runJob(id, sessionKey, clock.now(), { group, begun: true }));
  return null;
}
