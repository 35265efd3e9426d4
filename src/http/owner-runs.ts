import type { Config } from '../config/schema.ts';
import type { Run } from '../domain/run.ts';
import { runLane } from '../queue/jobs.ts';
import type { Queue, Waiting } from '../queue/queue.ts';
import { isDaySpent } from '../runtime/budget.ts';
import type { Executor } from '../store/database.ts';
import { deliveriesOf } from '../store/deliveries.ts';
import { joinedEventIds } from '../store/run-events.ts';
import type { AboutRun } from './views.ts';

/** What the owner's views show beside the rows of these runs. */
export async function aboutRuns(
  db: Executor,
  queue: Queue,
  runs: readonly Pick<Run, 'id' | 'kind' | 'status' | 'sessionKey'>[],
  budget: Config['agents']['defaults']['budget'],
  now: number,
): Promise<(id: string) => AboutRun> {
  const ids = runs.map(({ id }) => id);
  const pending = runs.filter(({ kind, status }) => kind === 'hook' && status === 'pending');
  const jobs = pending.map(({ id, sessionKey }) => ({ ref: id, lane: runLane(sessionKey) }));
  const deliveries = await deliveriesOf(db, ids);
  const joined = await joinedEventIds(db, ids);
  const waiting = await queue.waiting(db, jobs, now);
  const held = jobs.length > 0 && (await isDaySpent(db, budget, now));
  const waitsFor = (found: Waiting | undefined) =>
    held && found && isDue(found) ? ({ for: 'budget' } as const) : found;
  return (id) => ({ delivery: deliveries.get(id), joined: joined.get(id) ?? [], waiting: waitsFor(waiting.get(id)) });
}

/** Whether the run could begin but for what others take. */
function isDue({ for: what }: Waiting): boolean {
  return what === 'place' || what === 'rate' || what === 'maxConcurrent';
}
