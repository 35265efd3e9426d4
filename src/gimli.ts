import type { Logger } from 'pino';
import { ConfigError, messageOf } from './domain/errors.ts';
import { createMetrics } from './http/metrics.ts';
import { createServer } from './http/server.ts';
import { createTokenCheck } from './ingest/authenticate.ts';
import { createRefusals } from './ingest/refusals.ts';
import { createThrottle } from './ingest/throttle.ts';
import { createSqliteQueue } from './queue/sqlite.ts';
import { openSettings } from './reload.ts';
import { deliverHandler } from './runtime/deliver.ts';
import { heartbeatHandler, startHeartbeatTimer } from './runtime/heartbeat.ts';
import { createLiveRuns } from './runtime/live-runs.ts';
import { runHandler } from './runtime/run.ts';
import type { Runtime } from './runtime/runtime.ts';
import { createWorker } from './runtime/worker.ts';
import { loadSettings, type Settings } from './settings.ts';
import { reopenInterruptedRuns } from './store/runs.ts';
import { openSqliteStore } from './store/sqlite.ts';

export interface GimliOptions {
  readonly configFile: string;
  readonly log: Logger;
  /** where `${NAME}` is looked up; `.env` beside the config adds to it. Default: the process's own. */
  readonly env?: NodeJS.ProcessEnv;
  /** instead of `gateway.port` */
  readonly port?: number;
}

export interface Gimli {
  /** `http://host:port` */
  readonly url: string;
  readonly settings: () => Settings;
  /** Reads config, presets and transforms anew; where they do not load, logs why and keeps the last good ones. */
  reload(): Promise<boolean>;
  /** Takes no more requests, waits for the work under way up to `gateway.drainSeconds`, and closes the store. */
  stop(): Promise<void>;
}

/** Starts a gateway. Throws ConfigError or StoreError where it cannot. */
export async function createGimli({ configFile, log, env = process.env, port }: GimliOptions): Promise<Gimli> {
  const live = await openSettings(configFile, env, log);
  const { current, reload } = live;
  const parts = await assemble(current, log);
  const { store, queue, metrics, server } = parts;
  const runtime: Runtime = {
    store,
    queue,
    log,
    live: parts.live,
    current,
    onRunEnd: (run, status, ms) => metrics.onRunEnd(run.hook, status, ms),
    onScreened: (run, verdict) => metrics.onScreened(run.hook, verdict),
  };
  const worker = createWorker({
    store,
    queue,
    log,
    handlers: { run: runHandler(runtime), heartbeat: heartbeatHandler(runtime), deliver: deliverHandler(runtime) },
  });

  let url: string;
  try {
    await recover(parts, log);
    const { gateway } = current().config;
    url = await parts.listen(port ?? gateway.port, gateway.host);
    store.announce(url);
  } catch (error) {
    await current().transforms.close();
    await parts.close();
    throw error;
  }
  worker.start();
  const timer = await startHeartbeatTimer(runtime);
  live.watch(timer.reschedule);
  void current()
    .models.warm()
    .catch((error) => log.error({ err: error }, 'cannot load the default model'));

  return {
    url,
    settings: current,
    reload,
    async stop() {
      // First: a reload now would start anew what is stopped below.
      await live.unwatch();
      timer.stop();
      await server.close();
      await worker.stop(current().config.gateway.drainSeconds * 1000);
      await current().transforms.close();
      await parts.close();
    },
  };
}

/**
 * Opens the owner's API of a store that no gateway serves, on a free port and for whoever has the token; no work is done.
 * So commands are the same whether a gateway runs or not.
 */
export async function openOwnersApi(
  configFile: string,
  log: Logger,
  token: string,
): Promise<Pick<Gimli, 'url' | 'stop'>> {
  const settings = { ...(await loadSettings(configFile, process.env, log)), isGatewayToken: createTokenCheck(token) };
  const parts = await assemble(() => settings, log);
  const url = await parts.listen(0, '127.0.0.1');
  return {
    url,
    async stop() {
      await parts.server.close();
      await settings.transforms.close();
      await parts.close();
    },
  };
}

/** The web side on the store. */
async function assemble(current: () => Settings, log: Logger) {
  const store = await openSqliteStore(current().config.store.url.slice('sqlite:'.length));
  const queue = createSqliteQueue((mappingId) => current().table.limitsOf(mappingId));
  const throttle = createThrottle();
  const live = createLiveRuns();
  const metrics = createMetrics(store, queue);
  const { onEvent, text: metricsText } = metrics;
  const server = createServer({
    store,
    queue,
    throttle,
    refusals: createRefusals(),
    log,
    current,
    live,
    onEvent,
    metricsText,
  });
  return {
    store,
    queue,
    live,
    metrics,
    server,
    /** Resolves to the URL. */
    async listen(port: number, host: string): Promise<string> {
      const taken = await server.listen(port, host).catch((error) => {
        throw new ConfigError([`gateway.port: cannot listen on ${host}: ${messageOf(error)}`]);
      });
      return `http://${host.includes(':') ? `[${host}]` : host}:${taken}`;
    },
    async close(): Promise<void> {
      throttle.close();
      await store.close();
    },
  };
}

/** What a dead gateway left under way is open again, before anything new comes in. */
async function recover({ store, queue }: Awaited<ReturnType<typeof assemble>>, log: Logger): Promise<void> {
  await store.write(async (tx) => {
    const jobs = await queue.recover(tx, Date.now());
    const runs = await reopenInterruptedRuns(tx);
    if (jobs > 0) log.warn({ jobs, runs }, 'the last gateway was cut off: its open work is taken up again');
  });
}
