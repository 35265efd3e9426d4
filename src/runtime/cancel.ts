import { TurnError } from '../domain/errors.ts';
import { isOver } from '../domain/run.ts';
import { runJob } from '../queue/jobs.ts';
import { findRun, finishRun } from '../store/runs.ts';
import type { Runtime } from './runtime.ts';
import { tellMain } from './tell-main.ts';

/** What became of the wish to cancel a run; `elsewhere`: it is under way, but not here. */
export type Cancelled = 'cancelled' | 'missing' | 'ended' | 'heartbeat' | 'elsewhere';

/** Ends a run for good: one that waits at once, one that is under way as soon as its turn has been broken off. */
export async function cancelRun(runtime: Pick<Runtime, 'store' | 'queue' | 'live'>, id: string): Promise<Cancelled> {
  const { store, queue, live } = runtime;
  const now = Date.now();
  const error = new TurnError('cancelled', 'cancelled by the owner');
  const outcome = await store.write(async (tx, afterCommit): Promise<Cancelled | 'running'> => {
    const run = await findRun(tx, id);
    if (!run) return 'missing';
    if (run.kind === 'heartbeat') return 'heartbeat';
    if (isOver(run)) return 'ended';
    if (!(await queue.withdraw(tx, runJob(run.id, run.sessionKey, now)))) return 'running';
    const summary = `failed (${error.code}): ${error.message}`;
    await finishRun(tx, id, { summary, error: error.message, errorCode: error.code }, now);
    const outcome = `${run.name} ${summary}`;
    await tellMain(runtime, tx, run, { outcome, said: { pings: [], reports: [] } }, now, afterCommit);
    return 'cancelled';
  });
  if (outcome !== 'running') return outcome;
  return live.abort(id, error) ? 'cancelled' : 'elsewhere';
}
