import type { Logger } from 'pino';
import { ConfigError, messageOf } from '../domain/errors.ts';
import type { JobKind } from '../domain/job.ts';
import type { Clock } from '../domain/time/clock.ts';
import type { Listener } from '../http/listener/listener.ts';
import { createMetrics, type Metrics } from '../http/metrics.ts';
import { createServer, createSpecServer } from '../http/server.ts';
import { createBodyBudget } from '../ingest/body-budget.ts';
import { createRefusals } from '../ingest/refusals.ts';
import { createThrottle } from '../ingest/throttle.ts';
import { createQueue } from '../queue/create-queue.ts';
import type { Queue } from '../queue/queue.ts';
import { createReservations, type Reservations } from '../runtime/reservations.ts';
import { createLiveRuns, type LiveRuns } from '../runtime/watching/live-runs.ts';
import type { Settings } from '../settings.ts';
import { openSqliteStore, type SqliteStore } from '../store/sqlite/sqlite-store.ts';
import { storeOf } from '../store/store-url.ts';
import { createTokenCheck } from '../verify/token.ts';

/** What a gateway shares with its worker, and the servers on it, which do not listen yet. */
export interface WebSide {
  readonly store: SqliteStore;
  readonly queue: Queue;
  readonly reservations: Reservations;
  readonly liveRuns: LiveRuns;
  readonly metrics: Metrics;
  readonly server: Listener;
  /** what has an address of its own where `specs.port` is set */
  readonly specServer: Listener | undefined;
  /** Takes no more requests; settles when those under way are answered. */
  stopListening(): Promise<void>;
}

/** Opens the store and makes the web side on it. Throws StoreError. */
export async function openWebSide(current: () => Settings, log: Logger, clock: Clock): Promise<WebSide> {
  const store = await openSqliteStore(storeFile(current().config), log);
  const reservations = createReservations({ current, clock, log });
  const placesOf = (kind: JobKind) => (kind === 'run' ? current().config.agents.defaults.maxConcurrent : Infinity);
  const limitsOf = (mappingId: string) => current().table.limitsOf(mappingId);
  const queue = createQueue(limitsOf, { placesOf, admission: reservations });
  queue.subscribe({ enqueued: () => {}, released: reservations.settle });
  const liveRuns = createLiveRuns();
  const metrics = createMetrics(store, queue);
  const deps = {
    store,
    queue,
    log,
    clock,
    current,
    live: liveRuns,
    throttle: createThrottle(),
    refusals: createRefusals({ log, clock, onRefused: metrics.onRefused }),
    bodies: createBodyBudget(),
    onEvent: metrics.onEvent,
    isCommandToken: createTokenCheck(store.commandToken),
    metricsText: metrics.text,
  };
  const server = createServer(deps);
  const specServer = current().config.specs.port === undefined ? undefined : createSpecServer(deps);
  const stopListening = async () => void (await Promise.all([server.close(), specServer?.close()]));
  return { store, queue, reservations, liveRuns, metrics, server, specServer, stopListening };
}

/** Where the SQLite file of a config is. */
export const storeFile = ({ store }: Settings['config']) => storeOf(store.url).file;

/** Resolves to the URL. `key` is where the port stands in the config. Throws ConfigError. */
export async function listen(listener: Listener, key: string, port: number, host: string): Promise<string> {
  const taken = await listener.listen(port, host).catch((error) => {
    throw new ConfigError([`${key}: cannot listen on ${host}: ${messageOf(error)}`]);
  });
  return `http://${host.includes(':') ? `[${host}]` : host}:${taken}`;
}
