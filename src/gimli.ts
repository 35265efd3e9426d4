import path from 'node:path';
import type { Logger } from 'pino';
import { historyBudget } from './agent/agent.ts';
import { closeMcpServers } from './agent/mcp-servers.ts';
import type { LoadedConfig } from './config/load.ts';
import { type Clock, systemClock } from './domain/clock.ts';
import { ConfigError, messageOf } from './domain/errors.ts';
import type { JobKind } from './domain/job.ts';
import { keepOf } from './domain/keep.ts';
import type { Mask } from './domain/mask.ts';
import type { Listener } from './http/listener.ts';
import { createMetrics } from './http/metrics.ts';
import { createServer, createSpecServer } from './http/server.ts';
import { createBodyBudget } from './ingest/body-budget.ts';
import { createRefusals } from './ingest/refusals.ts';
import { createThrottle } from './ingest/throttle.ts';
import { createQueue } from './queue/create-queue.ts';
import { openSettings } from './reload.ts';
import {
  beatsCheck,
  budgetCheck,
  channelsCheck,
  deliveriesCheck,
  diskCheck,
  gateChecks,
  keyCheck,
  loadingChecks,
  screeningCheck,
  silentCheck,
  sizeCheck,
  waitingCheck,
} from './runtime/checks.ts';
import { deliverHandler } from './runtime/deliver.ts';
import { pauseAll, tendGates, tryAgain } from './runtime/gates.ts';
import { heartbeatHandler } from './runtime/heartbeat.ts';
import { createLiveRuns } from './runtime/live-runs.ts';
import { maskedLog } from './runtime/masked-log.ts';
import { planBeat } from './runtime/plan-beat.ts';
import { createReservations } from './runtime/reservations.ts';
import { createRetention } from './runtime/retention.ts';
import { runHandler } from './runtime/run.ts';
import type { Runtime } from './runtime/runtime.ts';
import { createWatch } from './runtime/watch.ts';
import { createWorker } from './runtime/worker.ts';
import { keyProblems, type Settings, settingsOf } from './settings.ts';
import { findGates } from './store/queries/gates.ts';
import { expectEvents } from './store/queries/last-events.ts';
import { reopenInterruptedRuns } from './store/queries/runs.ts';
import { openSqliteStore } from './store/sqlite/sqlite-store.ts';
import { storeOf } from './store/store-url.ts';
import { createTokenCheck } from './verify/token.ts';

export interface GimliOptions {
  readonly configFile: string;
  readonly log: Logger;
  /** where `${NAME}` is looked up; `.env` beside the config adds to it. Default: the process's own. */
  readonly env?: NodeJS.ProcessEnv;
  /** instead of `gateway.port` */
  readonly port?: number;
  /** the time of day; the machine's unless given */
  readonly clock?: Clock;
}

export interface Gimli {
  /** `http://host:port` */
  readonly url: string;
  /** where `POST /hook/<id>` goes; undefined where nothing serves it */
  readonly specsUrl: string | undefined;
  readonly settings: () => Settings;
  /** the log that it was given, without secrets, and at the level that the config has now */
  readonly log: Logger;
  /** Reads config, presets and transforms anew; where they do not load, logs why and keeps the last good ones. */
  reload(): Promise<boolean>;
  /** Takes no more requests, waits for the work under way up to `gateway.drainSeconds`, and closes the store. */
  stop(): Promise<void>;
}

/** Starts a gateway. Throws ConfigError or StoreError where it cannot. */
export async function createGimli({
  configFile,
  log: given,
  env = process.env,
  port,
  clock = systemClock,
}: GimliOptions): Promise<Gimli> {
  let mask: Mask = (text) => text;
  const log = maskedLog(given, (line) => mask(line));
  const live = await openSettings(configFile, env, log);
  const { current, reload } = live;
  mask = (text) => current().mask(text);
  const parts = await assemble(current, log, clock);
  const { store, queue, reservations, metrics, server, specServer } = parts;
  const screeningHealth = { failedAt: 0, workedAt: 0 };
  let plannedWhy = '';
  const runtime: Runtime = {
    store,
    queue,
    log,
    clock,
    live: parts.live,
    current,
    onRunEnd: (run, status, ms) => metrics.onRunEnd(run.hook, status, ms),
    onDelivery: metrics.onDelivery,
    onUsage: (run, usage, cost) => metrics.onUsage(run.hook, usage, cost),
    onScreened(run, verdict) {
      metrics.onScreened(run.hook, verdict);
      screeningHealth[verdict === 'failed' ? 'failedAt' : 'workedAt'] = clock.now();
    },
    onBeatPlanned({ at, why }) {
      metrics.onBeatPlanned(at);
      if (why === plannedWhy) return;
      plannedWhy = why;
      log.info({ at: at === null ? null : new Date(at).toISOString() }, `next heartbeat: ${why}`);
    },
  };
  const worker = createWorker({
    store,
    queue,
    log,
    clock,
    async prepare(tx, now) {
      const gates = await findGates(tx);
      if (gates.has(pauseAll)) return false;
      if (gates.size > 0) await tendGates(tx, queue, now);
      return true;
    },
    handlers: {
      run: reservations.guard('run', runHandler(runtime)),
      heartbeat: reservations.guard('heartbeat', heartbeatHandler(runtime)),
      deliver: deliverHandler(runtime),
    },
  });

  const mappings = () => [...current().table.mappings, ...current().specs.all().mappings];
  const retention = createRetention({
    store,
    file: storeFile(current().config),
    clock,
    log,
    historyBudget,
    keep: () => keepOf(current().config.store.keep),
  });
  const watch = createWatch({
    store,
    clock,
    log,
    checks: [
      ...gateChecks(queue),
      keyCheck(() => keyProblems(current(), mappings())),
      ...loadingChecks(() => current().broken, live.refusedProblems),
      beatsCheck,
      budgetCheck(runtime, mappings),
      waitingCheck(queue),
      diskCheck(storeFile(current().config)),
      sizeCheck(retention.problem),
      deliveriesCheck,
      channelsCheck(() => current().missingChannels),
      silentCheck(() => current().table.mappings),
      screeningCheck(runtime, () => mappings().some(({ policy }) => policy.screen), screeningHealth),
    ],
    mask: (text) => mask(text),
    outlet: () => ({ ...current().config.alarms, cwd: path.dirname(configFile) }),
  });
  /** What follows from settings that are new: what is wrong may be mended, and beats may come at another time. */
  const onSettings = () =>
    store.write(async (tx) => {
      const now = clock.now();
      const expecting = current().table.mappings.filter(({ expectMs }) => expectMs !== undefined);
      await expectEvents(
        tx,
        expecting.map(({ id }) => id),
        now,
      );
      await tryAgain(tx, queue, now);
      await planBeat(runtime, tx, now);
    });

  let url: string;
  let specsUrl: string | undefined;
  try {
    await recover(parts, log, clock);
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
  await onSettings();
  worker.start();
  await watch.start();
  retention.start();
  live.watch(() => onSettings().catch((error) => log.error({ err: error }, 'cannot plan anew')));
  void current()
    .models.warm()
    .catch((error) => log.error({ err: error }, 'cannot load the default model'));

  return {
    url,
    specsUrl,
    settings: current,
    log,
    reload,
    async stop() {
      // First: a reload now would start anew what is stopped below.
      await live.unwatch();
      await watch.stop();
      await retention.stop();
      await parts.stopListening();
      await worker.stop(current().config.gateway.drainSeconds * 1000);
      await current().channels.close();
      await closeMcpServers(current().mcpServers);
      await current().transforms.close();
      await parts.close();
    },
  };
}

/**
 * Opens the owner's API of a store that no gateway serves, on a free port and for whoever has its token; no work is done.
 * So commands are the same whether a gateway runs or not.
 */
export async function openOwnersApi(
  loaded: LoadedConfig,
  log: Logger,
): Promise<Pick<Gimli, 'url' | 'stop'> & { readonly token: string }> {
  const settings = await settingsOf(loaded, log);
  const parts = await assemble(() => settings, log, systemClock);
  const url = await listen(parts.server, 'gateway.port', 0, '127.0.0.1');
  return {
    url,
    token: parts.store.commandToken,
    async stop() {
      await parts.stopListening();
      await settings.transforms.close();
      await parts.close();
    },
  };
}

/** The web side on the store. */
async function assemble(current: () => Settings, log: Logger, clock: Clock) {
  const store = await openSqliteStore(storeFile(current().config), log);
  const reservations = createReservations({ current, clock, log });
  const placesOf = (kind: JobKind) => (kind === 'run' ? current().config.agents.defaults.maxConcurrent : Infinity);
  const queue = createQueue((mappingId) => current().table.limitsOf(mappingId), {
    placesOf,
    admission: reservations,
  });
  queue.subscribe({ enqueued: () => {}, released: reservations.settle });
  const throttle = createThrottle();
  const live = createLiveRuns();
  const metrics = createMetrics(store, queue);
  const { onEvent, onRefused, text: metricsText } = metrics;
  const refusals = createRefusals({ log, clock, onRefused });
  const bodies = createBodyBudget();
  const isCommandToken = createTokenCheck(store.commandToken);
  const deps = {
    store,
    queue,
    throttle,
    refusals,
    bodies,
    log,
    clock,
    current,
    live,
    onEvent,
    isCommandToken,
    metricsText,
  };
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
      await store.close();
    },
  };
}

const storeFile = ({ store }: Settings['config']) => storeOf(store.url).file;

/** Resolves to the URL. `key` is where the port stands in the config. */
async function listen(listener: Listener, key: string, port: number, host: string): Promise<string> {
  const taken = await listener.listen(port, host).catch((error) => {
    throw new ConfigError([`${key}: cannot listen on ${host}: ${messageOf(error)}`]);
  });
  return `http://${host.includes(':') ? `[${host}]` : host}:${taken}`;
}

/** What a dead gateway left under way is open again, before anything new comes in. */
async function recover(
  { store, queue }: Awaited<ReturnType<typeof assemble>>,
  log: Logger,
  clock: Clock,
): Promise<void> {
  await store.write(async (tx) => {
    const jobs = await queue.recover(tx, clock.now());
    const runs = await reopenInterruptedRuns(tx);
    if (jobs > 0) log.warn({ jobs, runs }, 'the last gateway was cut off: its open work is taken up again');
  });
}
