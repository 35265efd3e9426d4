import type { Response } from 'express';
import { runStatuses } from '../domain/run.ts';
import type { Executor } from '../store/database.ts';
import { deliveriesOf } from '../store/deliveries.ts';
import { findRun, listRuns, type RunFilter, runCounts } from '../store/runs.ts';
import { refuse } from './answer.ts';
import { integer, limitOf } from './query.ts';
import { runRow, runView } from './views.ts';

/** `GET /runs`: the runs of hooks, newest first. */
export async function getRuns(db: Executor, query: Record<string, string>, res: Response): Promise<void> {
  const filter = runFilter(query);
  if (typeof filter === 'string') return refuse(res, 400, filter);
  const { runs, total } = await listRuns(db, { ...filter, kind: 'hook' });
  const deliveries = await deliveriesOf(
    db,
    runs.map((run) => run.id),
  );
  const views = runs.map((run) => runRow(run, deliveries.get(run.id)));
  res.json({ ok: true, runs: views, total, limit: filter.limit, offset: filter.offset });
}

/** `GET /runs/stats` */
export async function getRunStats(db: Executor, res: Response): Promise<void> {
  res.json({ ok: true, stats: await runCounts(db, 'hook') });
}

/** `GET /runs/:runId` */
export async function getRun(db: Executor, id: string, res: Response): Promise<void> {
  const run = await findRun(db, id);
  if (run?.kind !== 'hook') return refuse(res, 404, 'run not found');
  res.json({ ok: true, run: runView(run, (await deliveriesOf(db, [id])).get(id)) });
}

/** The filter that a query asks for, or what is wrong with it. */
export function runFilter(query: Record<string, string>): RunFilter | string {
  const page = pageOf(query);
  return typeof page === 'string' ? page : { ...page, name: query.name };
}

/** What lists of runs and of workflows have in common. */
export function pageOf(query: Record<string, string>): Pick<RunFilter, 'status' | 'limit' | 'offset'> | string {
  const limit = limitOf(query, 50);
  const offset = integer(query.offset, 0);
  const status = runStatuses.find((known) => known === query.status);
  if (typeof limit === 'string') return limit;
  if (offset === undefined) return 'offset must be an integer of at least 0';
  if (query.status !== undefined && !status) return `status must be one of ${runStatuses.join(', ')}`;
  return { status, limit, offset };
}
