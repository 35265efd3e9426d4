import { Type } from 'typebox';
import { runStatuses } from '../../domain/run.ts';
import { deliveriesOf } from '../../store/queries/deliveries.ts';
import { findRun, listRuns, runCounts } from '../../store/queries/runs.ts';
import { freeText, limit, offset, oneOf } from '../api/parameters.ts';
import { type AnyRoute, apiRoute } from '../api/route.ts';
import { HttpError } from '../errors.ts';
import { streamRun } from '../streams/run-stream.ts';
import { runRow, runRowSchema, runSchema, runView } from '../views/run.ts';
import { count } from '../views/shape.ts';

/** What lists of runs and of workflows have in common. */
export const page = { limit: limit(50), offset };
export const pageSchema = { total: count, limit: count, offset: count };

const getRuns = apiRoute({
  method: 'GET',
  path: '/runs',
  about: 'The runs of hooks, newest first, without their replies.',
  query: {
    status: oneOf('In this state.', runStatuses),
    name: freeText('A part of the name, in any case.'),
    ...page,
  },
  answer: Type.Object({ runs: Type.Array(runRowSchema), ...pageSchema }),
  async handle({ store: { read } }, { query: { status, name, limit, offset } }) {
    const statuses = status && [status];
    const { runs, total } = await listRuns(read, { statuses, name, kind: 'hook', limit, offset });
    const ids = runs.map(({ id }) => id);
    const deliveries = await deliveriesOf(read, ids);
    return { runs: runs.map((run) => runRow(run, deliveries.get(run.id), 'hooks')), total, limit, offset };
  },
});

const getRunStats = apiRoute({
  method: 'GET',
  path: '/runs/stats',
  about: 'How many runs of hooks there are, in all and in each state.',
  answer: Type.Object({
    stats: Type.Object({ total: count, pending: count, running: count, completed: count, error: count }),
  }),
  handle: async ({ store }) => ({ stats: await runCounts(store.read, 'hook') }),
});

const getRun = apiRoute({
  method: 'GET',
  path: '/runs/:id',
  about: 'A run of a hook, with its reply.',
  answer: Type.Object({ run: runSchema }),
  async handle({ store: { read } }, { params: { id = '' } }) {
    const run = await findRun(read, id);
    if (run?.kind !== 'hook') throw new HttpError('not-found', 'run not found');
    return { run: runView(run, (await deliveriesOf(read, [id])).get(id), 'hooks') };
  },
});

/** What whoever has the hook token reads of runs. */
export const runReads: readonly AnyRoute[] = [getRuns, getRunStats, streamRun, getRun];
