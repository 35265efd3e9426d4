import express, { type Express } from 'express';
import { systemClock } from '../domain/clock.ts';
import { openAlarms } from '../store/alarms.ts';
import { type Refuse, refuse, refuseSpec } from './answer.ts';
import { createApi, ownerOnly } from './api.ts';
import type { HttpDeps } from './deps.ts';
import { errorHandler } from './error-handler.ts';
import { createHooks } from './hooks.ts';
import { createListener, type Listener, type ListenerOptions } from './listener.ts';
import { createSpecs } from './specs.ts';

/** The clock is the machine's unless given. */
type GivenDeps = Omit<HttpDeps, 'closing' | 'clock'> & Partial<Pick<HttpDeps, 'clock'>>;

export function createServer(given: GivenDeps, options?: ListenerOptions): Listener {
  const app = createApp(given, refuse);
  const listener = createListener(app, options);
  const { closing } = listener;
  const deps: HttpDeps = { clock: systemClock, ...given, closing };
  app.use(createHooks(deps));
  if (deps.current().config.specs.port === undefined) {
    const specs = createSpecs(deps);
    app.use((req, res, next) => (deps.current().config.hooks.enabled ? specs(req, res, next) : next()));
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
  app.use((_req, res) => refuse(res, 404, 'not found'));
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
  const listener = createListener(app);
  const deps: HttpDeps = { clock: systemClock, ...given, closing: listener.closing };
  app.use(createSpecs(deps));
  app.use((_req, res) => refuseSpec(res, 404, 'not found'));
  app.use(errorHandler(deps.log, refuseSpec));
  return listener;
}

function createApp({ current }: Pick<HttpDeps, 'current'>, say: Refuse): Express {
  const app = express();
  app.disable('x-powered-by').disable('etag');
  app.set('trust proxy', current().config.gateway.trustProxy);
  app.use((req, res, next) => {
    if (req.headers.host === undefined && req.httpVersion === '1.1') say(res, 400, 'send a Host header');
    else next();
  });
  return app;
}
