import type { Logger } from 'pino';
import { closeMcpServers } from './agent/mcp-servers.ts';
import { ConfigError, messageOf } from './domain/errors.ts';
import type { JobKind } from './domain/job.ts';
import type { Listener } from './http/listener.ts';
import { createMetrics } from './http/metrics.ts';
import { createServer, createSpecServer } from './http/server.ts';
import { createTokenCheck } from './ingest/authenticate.ts';
import { createRefusals } from './ingest/refusals.ts';
import { createThrottle } from './ingest/throttle.ts';
import { createSqliteQueue } from './queue/sqlite.ts';
import { openSettings } from './reload.ts';
import { deliverHandler } from './runtime/deliver.ts';
import { heartbeatHandler, startHeartbeatTimer } from './runtime/heartbeat.ts';
import { createLiveRuns } from './runtime/live-runs.ts';
import { createReservations } from './runtime/reservations.ts';
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
  /** where `POST /hook/<id>` goes; undefined where nothing serves it */
  readonly specsUrl: string | undefined;
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
  const { store, queue, reservations, metrics, server, specServer } = parts;
  const runtime: Runtime = {
    store,
    queue,
    log,
    live: parts.live,
    current,
    onRunEnd: (run, status, ms) => metrics.onRunEnd(run.hook, status, ms),
    onUsage: (run, usage, cost) => metrics.onUsage(run.hook, usage, cost),
    onScreened: (run, verdict) => metrics.onScreened(run.hook, verdict),
  };
  const worker = createWorker({
    store,
    queue,
    log,
    handlers: {
      run: reservations.guard(runHandler(runtime)),
      heartbeat: reservations.guard(heartbeatHandler(runtime)),
      deliver: deliverHandler(runtime),
    },
  });

  let url: string;
  let specsUrl: string | undefined;
  try {
    await recover(parts, log);
    const { gateway, hooks, specs } = current().config;
    url = await listen(server, 'gateway.port', port ?? gateway.port, gateway.host);
    specsUrl = hooks.enabled ? url : undefined;
    if (specServer) {
      specsUrl = await listen(specServer, 'specs.port', specs.port ?? 0, gateway.host);
      log.info({ url: specsUrl }, 'specs have an address of their own');
    }
    store.announce({ url, specsUrl });
  } catch (error) {
    await parts.stopListening();
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
    specsUrl,
    settings: current,
    reload,
    async stop() {
      // First: a reload now would start anew what is stopped below.
      await live.unwatch();
      timer.stop();
      await parts.stopListening();
      await worker.stop(current().config.gateway.drainSeconds * 1000);
      await closeMcpServers(current().mcpServers);
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
  const url = await listen(parts.server, 'gateway.port', 0, '127.0.0.1');
  return {
    url,
    async stop() {
      await parts.stopListening();
      await settings.transforms.close();
      await parts.close();
    },
  };
}

/** The web side on the store. */
async function assemble(current: () => Settings, log: Logger) {
  const store = await openSqliteStore(current().config.store.url.slice('sqlite:'.length));
  const reservations = createReservations({ current, log });
  const placesOf = (kind: JobKind) => (kind === 'run' ? current().config.agents.defaults.maxConcurrent : Infinity);
  const queue = createSqliteQueue((mappingId) => current().table.limitsOf(mappingId), {
    placesOf,
    gate: reservations,
  });
  queue.subscribe({ enqueued: () => {}, released: reservations.settle });
  const throttle = createThrottle();
  const live = createLiveRuns();
  const metrics = createMetrics(store, queue);
  const { onEvent, text: metricsText } = metrics;
  const refusals = createRefusals();
  const deps = { store, queue, throttle, refusals, log, current, live, onEvent, metricsText };
  const server = createServer(deps);
  const specServer = current().config.specs.port === undefined ? undefined : createSpecServer(deps);
  const stopListening = async () => void (await Promise.all([server.close(), specServer?.close()]));
  return {
    store,
    queue,
    reservations,
    live,
    metrics,
    server,
    specServer,
    stopListening,
    async close(): Promise<void> {
      throttle.close();
      await store.close();
    },
  };
}

/** Resolves to the URL. `key` is where the port stands in the config. */
async function listen(listener: Listener, key: string, port: number, host: string): Promise<string> {
  const taken = await listener.listen(port, host).catch((error) => {
    throw new ConfigError([`${key}: cannot listen on ${host}: ${messageOf(error)}`]);
  });
  return `http://${host.includes(':') ? `[${host}]` : host}:${taken}`;
}

/** What a dead gateway left under way is open again, before anything new comes in. */
async function recover({ store, queue }: Awaited<ReturnType<typeof assemble>>, log: Logger): Promise<void> {
  await store.write(async (tx) => {
    const jobs = await queue.recover(tx, Date.now());
    const runs = await reopenInterruptedRuns(tx);
    if (jobs > 0) log.warn({ jobs, runs }, 'the last gateway was cut off: its open work is taken up again');
  });
}
