import { isOver, type Run } from '../domain/run.ts';
import { runJob } from '../queue/jobs.ts';
import type { Executor } from '../store/database.ts';
import { findRun, markCancelled } from '../store/queries/runs.ts';
import { findWorkflowRun, stepRunsOf } from '../store/queries/workflows.ts';
import { cancelledByOwner, endCancelled } from './ending/end-cancelled.ts';
import type { Runtime } from './runtime.ts';

type Parts = Pick<Runtime, 'store' | 'queue' | 'live' | 'clock'>;

/** What became of the wish to cancel a run. */
export type Cancelled = 'cancelled' | 'missing' | 'ended' | 'heartbeat';

/**
 * Ends a run for good: one that waits at once, one that is under way when its turn has been broken off, or is over by itself: what
 * is cancelled does not complete, also where the gateway goes down in between. A workflow ends with the step that is cancelled.
 */
export function cancelRun(parts: Parts, id: string): Promise<Cancelled> {
  return cancel(parts, (tx) => findOpen(tx, id));
}

async function findOpen(tx: Executor, id: string): Promise<Run | Exclude<Cancelled, 'cancelled'>> {
  const run = await findRun(tx, id);
  if (!run) return 'missing';
  if (run.kind === 'heartbeat') return 'heartbeat';
  return isOver(run) ? 'ended' : run;
}

/** Ends a workflow with the step at which it is. */
export function cancelWorkflow(parts: Parts, id: string): Promise<Cancelled> {
  return cancel(parts, async (tx) => {
    const workflow = await findWorkflowRun(tx, id);
    if (!workflow) return 'missing';
    const open = (await stepRunsOf(tx, id)).find((step) => !isOver(step));
    return (open && (await findRun(tx, open.id))) ?? 'ended';
  });
}

/** `find` gives the run that is to end, or says why there is none. */
async function cancel(
  parts: Parts,
  find: (tx: Executor) => Promise<Run | Exclude<Cancelled, 'cancelled'>>,
): Promise<Cancelled> {
  const found = await parts.store.write(async (tx) => {
    const run = await find(tx);
    return typeof run === 'string' || (await end(parts, tx, run, 'told')) ? run : 'ended';
  });
  if (typeof found === 'string') return found;
  breakOff(parts, found.id);
  return 'cancelled';
}

/**
 * `cancelRun` as one of many: part of a transaction, after which `breakOff` is due. Main hears nothing of one that waited: as many
 * lines would have it asked a model for what its owner did himself.
 */
export async function cancelInside(parts: Parts, tx: Executor, id: string): Promise<Cancelled> {
  const run = await findOpen(tx, id);
  if (typeof run === 'string') return run;
  return (await end(parts, tx, run, 'untold')) ? 'cancelled' : 'ended';
}

/** Breaks the turn of a cancelled run off, where one is under way. */
export function breakOff({ live }: Pick<Parts, 'live'>, id: string): void {
  live.abort(id, cancelledByOwner());
}

/** False where the run has ended by itself meanwhile. */
async function end({ store, queue, clock }: Parts, tx: Executor, run: Run, main: 'told' | 'untold'): Promise<boolean> {
  const now = clock.now();
  const waits = await queue.withdraw(tx, runJob(run.id, run.sessionKey, now));
  if (!waits) return markCancelled(tx, run.id);
  await endCancelled({ tx, queue, now, run, newId: store.newId }, {}, main);
  return true;
}
