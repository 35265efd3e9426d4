import { TurnError } from '../domain/errors.ts';
import { isOver, type Run } from '../domain/run.ts';
import { runJob } from '../queue/jobs.ts';
import type { Executor } from '../store/database.ts';
import { findRun, finishRun } from '../store/runs.ts';
import type { AfterCommit } from '../store/store.ts';
import { cancelWorkflowRun, findWorkflowRun, stepRunsOf } from '../store/workflows.ts';
import { afterRun } from './after-run.ts';
import type { Runtime } from './runtime.ts';

type Parts = Pick<Runtime, 'store' | 'queue' | 'live'>;

/** What became of the wish to cancel a run; `elsewhere`: it is under way, but not here. */
export type Cancelled = 'cancelled' | 'missing' | 'ended' | 'heartbeat' | 'elsewhere';

/**
 * Ends a run for good: one that waits at once, one that is under way as soon as its turn has been broken off. A workflow ends with
 * the step that is cancelled.
 */
export async function cancelRun(runtime: Parts, id: string): Promise<Cancelled> {
  const { store, queue, live } = runtime;
  const now = Date.now();
  const outcome = await store.write(async (tx, afterCommit): Promise<Cancelled | 'running'> => {
    const run = await findRun(tx, id);
    if (!run) return 'missing';
    if (run.kind === 'heartbeat') return 'heartbeat';
    if (isOver(run)) return 'ended';
    if (!(await queue.withdraw(tx, runJob(run.id, run.sessionKey, now)))) return 'running';
    await endCancelled(runtime, tx, run, now, afterCommit);
    return 'cancelled';
  });
  if (outcome !== 'running') return outcome;
  return live.abort(id, cancelledByOwner()) ? 'cancelled' : 'elsewhere';
}

const cancelledByOwner = () => new TurnError('cancelled', 'cancelled by the owner');

/** Ends a run whose turn is not under way, and whose job is gone. */
export async function endCancelled(
  parts: Pick<Runtime, 'queue'>,
  tx: Executor,
  run: Run,
  now: number,
  afterCommit: AfterCommit,
): Promise<void> {
  const { code, message } = cancelledByOwner();
  const summary = `failed (${code}): ${message}`;
  await finishRun(tx, run.id, { summary, error: message, errorCode: code }, now);
  const outcome = `${run.name} ${summary}`;
  await afterRun(parts, tx, run, { outcome, said: { pings: [], reports: [] } }, now, afterCommit);
}

/** Ends a workflow with the step at which it is. */
export async function cancelWorkflow(runtime: Parts, id: string): Promise<Exclude<Cancelled, 'heartbeat'>> {
  // Noted first: the step may be over before it can be cancelled, and another begin.
  const open = await runtime.store.write(async (tx) => {
    if (!(await cancelWorkflowRun(tx, id))) return (await findWorkflowRun(tx, id)) ? 'ended' : 'missing';
    return (await stepRunsOf(tx, [id])).get(id)?.find((run) => !isOver(run));
  });
  if (open === 'ended' || open === 'missing') return open;
  const outcome = open && (await cancelRun(runtime, open.id));
  return outcome === 'elsewhere' ? outcome : 'cancelled';
}
