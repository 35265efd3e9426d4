import type { Run } from '../domain/run.ts';
import { runLane } from '../queue/jobs.ts';
import type { View } from '../queue/queue.ts';
import type { Executor } from '../store/database.ts';
import { deliveriesOf } from '../store/queries/deliveries.ts';
import { joinedEventIds } from '../store/queries/run-events.ts';
import type { AboutRun } from './views.ts';

/** What the owner's views show beside the rows of these runs. */
export async function aboutRuns(
  db: Executor,
  queue: View,
  runs: readonly Pick<Run, 'id' | 'kind' | 'status' | 'sessionKey'>[],
  now: number,
): Promise<(id: string) => AboutRun> {
  const ids = runs.map(({ id }) => id);
  const pending = runs.filter(({ kind, status }) => kind === 'hook' && status === 'pending');
  const jobs = pending.map(({ id, sessionKey }) => ({ ref: id, lane: runLane(sessionKey) }));
  const deliveries = await deliveriesOf(db, ids);
  const joined = await joinedEventIds(db, ids);
  const waiting = await queue.waiting(db, jobs, now);
  return (id) => ({ delivery: deliveries.get(id), joined: joined.get(id) ?? [], waiting: waiting.get(id) });
}
