import express, { type Express } from 'express';
import { systemClock } from '../domain/time/clock.ts';
import { openAlarms } from '../store/queries/alarms.ts';
import { createApi, ownerOnly } from './api/index.ts';
import type { HttpDeps } from './deps.ts';
import { errorHandler } from './error-handler.ts';
import { type Refuse, refuse, refuseSpec } from './errors.ts';
import { createFrontDoor } from './inbound/front-door.ts';
import { hooks } from './inbound/hooks.ts';
import { nowhere } from './inbound/nowhere.ts';
import { specs } from './inbound/specs.ts';
import { createListener, type Listener, type ListenerOptions } from './listener/listener.ts';
import { refusedCall } from './refused-call.ts';

/** The clock is the machine's unless given. */
type GivenDeps = Omit<HttpDeps, 'closing' | 'clock'> & Partial<Pick<HttpDeps, 'clock'>>;

export function createServer(given: GivenDeps, options?: ListenerOptions): Listener {
  const app = createApp(given, refuse);
  const listener = createListener(app, { ...options, onBroken: noteBroken(given) });
  const { closing } = listener;
  const deps: HttpDeps = { clock: systemClock, ...given, closing };
  app.use(createFrontDoor(hooks, deps));
  if (deps.current().config.specs.port === undefined) {
    const door = createFrontDoor(specs, deps);
    app.use((req, res, next) => (deps.current().config.hooks.enabled ? door(req, res, next) : next()));
  }
  app.get('/healthz', (_req, res) => void res.type('text/plain').send('ok'));
  app.get('/readyz', async (_req, res) => {
    res.status(closing.aborted ? 503 : 200).type('text/plain');
    res.send(closing.aborted ? 'stopping' : await readiness(deps));
  });
  app.get(
    '/metrics',
    ownerOnly(deps),
    async (_req, res) => void res.type('text/plain; version=0.0.4').send(await deps.metricsText()),
  );
  app.use('/api', createApi(deps));
  app.use(createFrontDoor(nowhere(hooks, specs), deps));
  app.use(errorHandler(deps.log, refuse));
  return listener;
}

/** Anybody may ask, so it names the causes of alarms and not what they say. */
async function readiness({ store, log }: HttpDeps): Promise<string> {
  try {
    const causes = (await openAlarms(store.read)).map(({ cause }) => cause);
    return causes.length === 0 ? 'ready' : `degraded: ${causes.slice(0, 20).join(', ')}`;
  } catch (error) {
    log.error({ err: error }, 'cannot read the alarms');
    return 'degraded: store';
  }
}

/** What `specs.port` opens: specs and nothing else. */
export function createSpecServer(given: GivenDeps): Listener {
  const app = createApp(given, refuseSpec);
  const listener = createListener(app, { onBroken: noteBroken(given) });
  const deps: HttpDeps = { clock: systemClock, ...given, closing: listener.closing };
  app.use(createFrontDoor(specs, deps));
  app.use(createFrontDoor(nowhere(specs), deps));
  app.use(errorHandler(deps.log, refuseSpec));
  return listener;
}

/** What a connection brought that never became a request leaves a trace as well. */
function noteBroken({ refusals }: GivenDeps): NonNullable<ListenerOptions['onBroken']> {
  return ({ status, reason, address }) => {
    refusals.add({ hook: '', method: '', path: '', type: '', address, status, step: 'connection', detail: reason });
  };
}

function createApp({ current, refusals }: GivenDeps, say: Refuse): Express {
  const app = express();
  app.disable('x-powered-by').disable('etag');
  app.set('trust proxy', current().config.gateway.trustProxy);
  app.use((req, res, next) => {
    if (req.headers.host !== undefined || req.httpVersion !== '1.1') return next();
    const detail = 'send a Host header';
    refusals.add({ ...refusedCall(req), hook: '', status: 400, step: 'connection', detail });
    say(res, 'request', detail);
  });
  return app;
}
