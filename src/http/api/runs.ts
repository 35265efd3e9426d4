import { Type } from 'typebox';
import type { Run } from '../../domain/run.ts';
import { runLane } from '../../queue/jobs.ts';
import { cancelRun } from '../../runtime/cancel.ts';
import { retryRun } from '../../runtime/retry.ts';
import { deliveriesOf, pingsOf } from '../../store/queries/deliveries.ts';
import { joinedEventIds } from '../../store/queries/run-events.ts';
import { findRun, listRuns } from '../../store/queries/runs.ts';
import { toolCallsOf } from '../../store/queries/tool-calls.ts';
import type { HttpDeps } from '../deps.ts';
import { HttpError } from '../errors.ts';
import { page } from '../read/runs.ts';
import { streamRun } from '../streams/run-stream.ts';
import { type AboutRun, ownersRun, ownersRunRow, ownersRunRowSchema, ownersRunSchema } from '../views/run.ts';
import { count } from '../views/shape.ts';
import { cancelManyRuns, retryManyRuns } from './bulk.ts';
import { cancelRoute, retryRoute } from './by-hand.ts';
import { oneOf } from './parameters.ts';
import { type AnyRoute, apiRoute } from './route.ts';
import { runFilter, runFilters } from './run-filter.ts';

const kinds: readonly Run['kind'][] = ['hook', 'heartbeat'];

export const listOwnersRuns = apiRoute({
  method: 'GET',
  path: '/runs',
  about: 'Runs and beats, newest first, without their replies.',
  query: { ...page, ...runFilters, kind: oneOf('Of this kind.', kinds) },
  answer: Type.Object({ runs: Type.Array(ownersRunRowSchema), total: count }),
  async handle(deps, { query: { limit, offset, kind, ...filter } }) {
    const { runs, total } = await listRuns(deps.store.read, { ...runFilter(filter), kind, limit, offset });
    const about = await detailsOfRuns(deps, runs);
    return { runs: runs.map((run) => ownersRunRow(run, about(run.id))), total };
  },
});

export const getOwnersRun = apiRoute({
  method: 'GET',
  path: '/runs/:id',
  about: 'All of a run: what was asked, the prompt, the policy, the calls of tools, the messages to you, the reply.',
  answer: Type.Object({ run: ownersRunSchema }),
  async handle(deps, { params: { id = '' } }) {
    const { read } = deps.store;
    const run = await findRun(read, id);
    if (!run) throw new HttpError('not-found', 'run not found');
    const about = await detailsOfRuns(deps, [run]);
    const [pings, calls] = await Promise.all([pingsOf(read, id), toolCallsOf(read, id)]);
    return { run: ownersRun(run, about(id), pings, calls) };
  },
});

const byHand = { what: 'run', key: 'runId', retry: retryRun, cancel: cancelRun } as const;

export const runRoutes: readonly AnyRoute[] = [
  listOwnersRuns,
  retryManyRuns,
  cancelManyRuns,
  getOwnersRun,
  streamRun,
  retryRoute(byHand),
  cancelRoute(byHand),
];

/** What the owner's views show beside the rows of these runs. */
async function detailsOfRuns(
  { store: { read: db }, queue, clock }: HttpDeps,
  runs: readonly Pick<Run, 'id' | 'kind' | 'status' | 'sessionKey'>[],
): Promise<(id: string) => AboutRun> {
  const ids = runs.map(({ id }) => id);
  const pending = runs.filter(({ kind, status }) => kind === 'hook' && status === 'pending');
  const jobs = pending.map(({ id, sessionKey }) => ({ ref: id, lane: runLane(sessionKey) }));
  const deliveries = await deliveriesOf(db, ids);
  const joined = await joinedEventIds(db, ids);
  const waiting = await queue.waiting(db, jobs, clock.now());
  return (id) => ({ delivery: deliveries.get(id), joined: joined.get(id) ?? [], waiting: waiting.get(id) });
}
