import express, { type NextFunction, type Request, type Response } from 'express';
import { type Endpoint, outcomes, parseBody } from '../domain/event.ts';
import { groupOf } from '../domain/limits.ts';
import type { Run } from '../domain/run.ts';
import { receive } from '../ingest/receive.ts';
import { runJob } from '../queue/jobs.ts';
import { type Cancelled, cancelRun } from '../runtime/cancel.ts';
import { pingsOf } from '../store/deliveries.ts';
import { findEvent, listEvents } from '../store/events.ts';
import { findRun, listRuns, reopenRun, setPolicy } from '../store/runs.ts';
import { toolCallsOf } from '../store/tool-calls.ts';
import { refuse } from './answer.ts';
import type { HttpDeps } from './deps.ts';
import { pass } from './gate.ts';
import { aboutRuns } from './owner-runs.ts';
import { queryOf } from './query.ts';
import { streamRun } from './run-stream.ts';
import { integer, runFilter } from './runs.ts';
import { targetOf } from './specs.ts';
import { adminRun, adminRunRow, eventRow, eventView, refusedRow } from './views.ts';

const kinds: readonly Run['kind'][] = ['hook', 'heartbeat'];

/** `/api/*`: what the owner sees and does, behind `gateway.token`. */
export function createApi(deps: HttpDeps): express.Router {
  const { store, queue, log, refusals } = deps;
  const router = express.Router();

  router.use(ownerOnly(deps));

  router.get('/runs', async (req, res) => {
    const query = queryOf(req);
    const filter = runFilter(query);
    const kind = kinds.find((one) => one === query.kind);
    if (typeof filter === 'string') return refuse(res, 400, filter);
    if (query.kind !== undefined && !kind) return refuse(res, 400, `kind must be one of ${kinds.join(', ')}`);
    const { runs, total } = await listRuns(store.read, { ...filter, kind });
    const about = await aboutRuns(store.read, queue, runs);
    res.json({ ok: true, runs: runs.map((run) => adminRunRow(run, about(run.id))), total });
  });

  router.get('/runs/:id', async (req, res) => {
    const run = await findRun(store.read, req.params.id);
    if (!run) return refuse(res, 404, 'run not found');
    const about = await aboutRuns(store.read, queue, [run]);
    const [pings, calls] = await Promise.all([pingsOf(store.read, run.id), toolCallsOf(store.read, run.id)]);
    res.json({ ok: true, run: adminRun(run, about(run.id), pings, calls) });
  });

  router.get('/runs/:id/stream', (req, res) => streamRun(deps, req.params.id, kinds, res));

  router.post('/runs/:id/retry', async (req, res) => {
    const run = await findRun(store.read, req.params.id);
    if (!run) return refuse(res, 404, 'run not found');
    if (run.status !== 'error')
      return refuse(res, 409, `only a run in error can be retried; this one is ${run.status}`);
    if (run.kind === 'heartbeat') return refuse(res, 409, 'a heartbeat is not retried: the next one reads its lines');
    const { unscreened: said = 'false' } = queryOf(req);
    const unscreened = said === 'true';
    if (!unscreened && said !== 'false') return refuse(res, 400, 'unscreened must be true or false');
    if (unscreened && run.errorCode !== 'screened') {
      const code = `this one ended with the code ${run.errorCode}`;
      return refuse(res, 409, `only a run that screening has stopped can be retried unscreened; ${code}`);
    }
    const mapping = run.eventId === null ? undefined : (await findEvent(store.read, run.eventId))?.mapping;
    const group = mapping ? groupOf(mapping, deps.current().table.limitsOf(mapping)) : undefined;
    await store.write(async (tx, afterCommit) => {
      await queue.exhume(tx, run.id);
      if (unscreened) await setPolicy(tx, run.id, { ...run.policy, screen: false });
      await reopenRun(tx, run.id, null);
      await queue.enqueue(tx, runJob(run.id, run.sessionKey, Date.now(), { group, begun: true }), afterCommit);
    });
    const how = unscreened ? 'run retried by hand, without screening' : 'run retried by hand';
    log.info({ runId: run.id, eventId: run.eventId }, how);
    res.status(202).json({ ok: true, runId: run.id });
  });

  router.post('/runs/:id/cancel', async (req, res) => {
    const { id } = req.params;
    const outcome = await cancelRun(deps, id);
    if (outcome === 'missing') return refuse(res, 404, 'run not found');
    if (outcome !== 'cancelled') return refuse(res, 409, notCancelled[outcome]);
    log.info({ runId: id }, 'run cancelled by hand');
    res.status(202).json({ ok: true, runId: id });
  });

  router.get('/events', async (req, res) => {
    const { hook, outcome, before, limit: wanted } = queryOf(req);
    const limit = integer(wanted, 50);
    const known = outcomes.find((one) => one === outcome);
    if (limit === undefined || limit < 1 || limit > 100)
      return refuse(res, 400, 'limit must be an integer from 1 to 100');
    if (outcome !== undefined && !known) return refuse(res, 400, `outcome must be one of ${outcomes.join(', ')}`);
    const events = await listEvents(store.read, { hook, outcome: known, before, limit });
    res.json({ ok: true, events: events.map(eventRow) });
  });

  router.get('/events/:id', async (req, res) => {
    const event = await findEvent(store.read, req.params.id);
    if (!event) return refuse(res, 404, 'event not found');
    res.json({ ok: true, event: eventView(event) });
  });

  router.post('/events/:id/replay', async (req, res) => {
    const event = await findEvent(store.read, req.params.id);
    if (!event) return refuse(res, 404, 'event not found');
    const { endpoint, hook, headers, query, body } = event;
    let payload: unknown;
    try {
      payload = parseBody(body, endpoint === 'specs' ? {} : headers);
    } catch {
      return refuse(res, 409, 'the body of this event is not JSON: there is nothing to replay');
    }
    // It proved who sent it when it came; a signature of that time would be too old by now.
    const request = { endpoint, hook, headers, query, body, payload, replayOf: event.id };
    const answer = await receive({ store, queue, log }, { ...request, ...whoAnswers(deps, endpoint, hook) });
    res.json({
      ok: true,
      outcome: answer.outcome,
      status: answer.status,
      answer: answer.body && JSON.parse(answer.body),
    });
  });

  router.get('/refused', (_req, res) => void res.json({ ok: true, refused: refusals.list().map(refusedRow) }));

  router.use((_req, res) => refuse(res, 404, 'not found'));
  return router;
}

const notCancelled = {
  ended: 'the run has ended already',
  heartbeat: 'a heartbeat is not cancelled: its lines would come again with the next one',
  elsewhere: 'the run is under way, but not in this process; try again in a moment',
} satisfies Partial<Record<Cancelled, string>>;

/** Who answers for a name of an endpoint, by the mappings and specs of today. */
function whoAnswers({ current }: HttpDeps, endpoint: Endpoint, hook: string) {
  const { table, specs } = current();
  return endpoint === 'specs'
    ? targetOf(specs, hook)
    : { candidates: table.candidates(hook), known: table.knows(hook) };
}

/** Without a `gateway.token` in the config, nobody passes. */
export function ownerOnly({ current, throttle }: HttpDeps) {
  return async (req: Request, res: Response, next: NextFunction): Promise<void> => {
    if (await pass(req, res, { isValid: current().isGatewayToken, throttle })) next();
  };
}
