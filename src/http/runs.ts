import type { Response } from 'express';
import { type RunStatus, runStatuses } from '../domain/run.ts';
import type { Executor } from '../store/database.ts';
import { deliveriesOf } from '../store/queries/deliveries.ts';
import { findRun, listRuns, type RunPage, runCounts } from '../store/queries/runs.ts';
import { refuse } from './answer.ts';
import { integer, limitOf } from './query.ts';
import { runRow, runView } from './views.ts';

/** `GET /runs`: the runs of hooks, newest first. */
export async function getRuns(db: Executor, query: Record<string, string>, res: Response): Promise<void> {
  const page = pageOf(query);
  if (typeof page === 'string') return refuse(res, 400, page);
  const { status, limit, offset } = page;
  const statuses = status && [status];
  const { runs, total } = await listRuns(db, { statuses, name: query.name, kind: 'hook', limit, offset });
  const deliveries = await deliveriesOf(
    db,
    runs.map((run) => run.id),
  );
  const views = runs.map((run) => runRow(run, deliveries.get(run.id), 'hooks'));
  res.json({ ok: true, runs: views, total, limit, offset });
}

/** `GET /runs/stats` */
export async function getRunStats(db: Executor, res: Response): Promise<void> {
  res.json({ ok: true, stats: await runCounts(db, 'hook') });
}

/** `GET /runs/:runId` */
export async function getRun(db: Executor, id: string, res: Response): Promise<void> {
  const run = await findRun(db, id);
  if (run?.kind !== 'hook') return refuse(res, 404, 'run not found');
  res.json({ ok: true, run: runView(run, (await deliveriesOf(db, [id])).get(id), 'hooks') });
}

type Page = Pick<RunPage, 'limit' | 'offset'>;

/** What lists of runs and of workflows have in common. */
export function pageOf(query: Record<string, string>): (Page & { status: RunStatus | undefined }) | string {
  const status = runStatuses.find((known) => known === query.status);
  const part = partOf(query);
  if (typeof part === 'string') return part;
  if (query.status !== undefined && !status) return `status must be one of ${runStatuses.join(', ')}`;
  return { status, ...part };
}

/** Which part of a list is asked for, or what is wrong with that. */
export function partOf(query: Record<string, string>): Page | string {
  const limit = limitOf(query, 50);
  const offset = integer(query.offset, 0);
  if (typeof limit === 'string') return limit;
  return offset === undefined ? 'offset must be an integer of at least 0' : { limit, offset };
}
