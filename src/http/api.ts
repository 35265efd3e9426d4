import express, { type NextFunction, type Request, type Response } from 'express';
import { type Endpoint, outcomes } from '../domain/event.ts';
import { type Payload, readPayload } from '../domain/payload/read-payload.ts';
import { receive } from '../ingest/receive.ts';
import { cancelRun } from '../runtime/cancel.ts';
import { settle } from '../runtime/record-deliveries.ts';
import { retryRun } from '../runtime/retry.ts';
import { pingsOf } from '../store/queries/deliveries.ts';
import { findEvent, listEvents } from '../store/queries/events.ts';
import { findRun, listRuns } from '../store/queries/runs.ts';
import { toolCallsOf } from '../store/queries/tool-calls.ts';
import type { TokenCheck } from '../verify/token.ts';
import { refuse } from './answer.ts';
import { bulkCancelRoute, bulkRetryRoute } from './bulk.ts';
import { cancelRoute, retryRoute } from './by-hand.ts';
import { getCosts } from './costs.ts';
import type { HttpDeps } from './deps.ts';
import { pass } from './gate.ts';
import { hookAnswerers } from './inbound/hooks.ts';
import { specAnswerers } from './inbound/specs.ts';
import { getAlarms } from './owner-alarms.ts';
import { getHeartbeat } from './owner-heartbeat.ts';
import { getPause, postPause, postResume } from './owner-pause.ts';
import { aboutRuns } from './owner-runs.ts';
import { createSessionsApi } from './owner-sessions.ts';
import { countPrune, getStore, postPrune } from './owner-store.ts';
import { ownerWorkflows } from './owner-workflows.ts';
import { limitOf, queryOf } from './query.ts';
import { refusedCall } from './refused-call.ts';
import { runFilter } from './run-filter.ts';
import { streamRun } from './run-stream.ts';
import { partOf } from './runs.ts';
import { adminRun, adminRunRow, eventRow, eventView, refusedRow } from './views.ts';

const run = { what: 'run', key: 'runId', retry: retryRun, cancel: cancelRun } as const;

/** `/api/*`: what the owner sees and does, behind `gateway.token`. */
export function createApi(deps: HttpDeps): express.Router {
  const { store, queue, clock, log, refusals } = deps;
  const router = express.Router();

  router.use(ownerOnly(deps));

  router.get('/runs', async (req, res) => {
    const query = queryOf(req);
    const [part, filter] = [partOf(query), runFilter(query, clock.now())];
    if (typeof part === 'string') return refuse(res, 400, part);
    if (typeof filter === 'string') return refuse(res, 400, filter);
    const { runs, total } = await listRuns(store.read, { ...filter, ...part });
    const about = await aboutRuns(store.read, queue, runs, clock.now());
    res.json({ ok: true, runs: runs.map((run) => adminRunRow(run, about(run.id))), total });
  });

  router.get('/runs/:id', async (req, res) => {
    const run = await findRun(store.read, req.params.id);
    if (!run) return refuse(res, 404, 'run not found');
    const about = await aboutRuns(store.read, queue, [run], clock.now());
    const [pings, calls] = await Promise.all([pingsOf(store.read, run.id), toolCallsOf(store.read, run.id)]);
    res.json({ ok: true, run: adminRun(run, about(run.id), pings, calls) });
  });

  router.get('/runs/:id/stream', (req, res) => streamRun(deps, req.params.id, 'owner', res));

  router.post('/runs/retry', bulkRetryRoute(deps));
  router.post('/runs/cancel', bulkCancelRoute(deps));
  router.post('/runs/:id/retry', retryRoute(deps, run));
  router.post('/runs/:id/cancel', cancelRoute(deps, run));

  router.use('/workflows', ownerWorkflows(deps));

  router.get('/alarms', (req, res) => getAlarms(deps, queryOf(req), res));
  router.get('/heartbeat', (_req, res) => getHeartbeat(deps, res));
  router.get('/last-route', async (_req, res) => {
    res.json({ ok: true, route: await settle(deps, store.read, { channel: 'last' }) });
  });
  router.get('/pause', (_req, res) => getPause(deps, res));
  router.post('/pause', (req, res) => postPause(deps, req, res));
  router.post('/resume', (req, res) => postResume(deps, req, res));

  router.get('/costs', (req, res) => getCosts(deps, queryOf(req), res));

  router.get('/events', async (req, res) => {
    const query = queryOf(req);
    const { hook, outcome, before } = query;
    const limit = limitOf(query, 50);
    const known = outcomes.find((one) => one === outcome);
    if (typeof limit === 'string') return refuse(res, 400, limit);
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
    const { endpoint, hook, headers, query, body, outcome, detail } = event;
    // It is stored without its body.
    if (outcome === 'duplicate') return refuse(res, 409, `this event is ${detail}: replay that one`);
    if (outcome === 'unreadable') {
      return refuse(res, 409, 'this event could not be read: there is nothing to replay');
    }
    let read: Payload;
    try {
      read = readPayload(body, headers, endpoint);
    } catch {
      return refuse(res, 409, 'the body of this event is not JSON: there is nothing to replay');
    }
    // It proved who sent it when it came; a signature of that time would be too old by now.
    const request = { endpoint, hook, headers, query, body, ...read, replayOf: event.id };
    const answer = await receive({ store, queue, clock, log }, { ...request, ...whoAnswers(deps, endpoint, hook) });
    res.json({
      ok: true,
      outcome: answer.outcome,
      status: answer.status,
      answer: answer.body && JSON.parse(answer.body),
    });
  });

  router.get('/store', (_req, res) => getStore(deps, res));
  router.get('/prune', (req, res) => countPrune(deps, queryOf(req), res));
  router.post('/prune', (req, res) => postPrune(deps, queryOf(req), res));

  router.use('/sessions', createSessionsApi(deps));

  router.get(
    '/refused',
    (_req, res) =>
      void res.json({ ok: true, refused: refusals.list().map((one) => refusedRow(one, deps.current().mask)) }),
  );

  router.use((_req, res) => refuse(res, 404, 'not found'));
  return router;
}

/** Who answers for a name of an endpoint, by the mappings and specs of today. */
function whoAnswers({ current }: HttpDeps, endpoint: Endpoint, hook: string) {
  return (endpoint === 'specs' ? specAnswerers : hookAnswerers)(current(), hook);
}

/** Without a `gateway.token` in the config, only the commands of this machine pass. */
export function ownerOnly({ current, isCommandToken, throttle, refusals }: HttpDeps) {
  return async (req: Request, res: Response, next: NextFunction): Promise<void> => {
    const isValid: TokenCheck = (token) => current().isGatewayToken(token) || isCommandToken?.(token) === true;
    const onRefused = (status: number) => {
      const detail = 'this asks for gateway.token: send it as Authorization: Bearer';
      // What a router knows of the path begins at its own place.
      const call = { ...refusedCall(req), path: req.baseUrl + req.path };
      refusals.add({ ...call, hook: '', status, step: 'token', detail });
    };
    if (await pass(req, res, { isValid, throttle, onRefused })) next();
  };
}
