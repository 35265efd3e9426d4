import path from 'node:path';
import type { Logger } from 'pino';
import { closeMcpServers } from './agent/mcp/servers.ts';
import type { Mask } from './domain/text/mask.ts';
import { type Clock, systemClock } from './domain/time/clock.ts';
import { type Service, startServices } from './gateway/services.ts';
import { listen, openWebSide, type WebSide } from './gateway/web-side.ts';
import { createWorkerSide, type WorkerSide } from './gateway/worker-side.ts';
import { type LiveSettings, openSettings } from './reload.ts';
import { tryAgain } from './runtime/gates.ts';
import { planBeat } from './runtime/jobs/plan-beat.ts';
import { maskedLog } from './runtime/masked-log.ts';
import type { Settings } from './settings.ts';
import { expectEvents } from './store/queries/last-events.ts';
import { reopenInterruptedRuns } from './store/queries/runs.ts';

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
  const settings = await openSettings(configFile, env, log);
  const { current, refusedProblems, reload } = settings;
  mask = (text) => current().mask(text);
  const web = await openWebSide(current, log, clock).catch(async (error) => {
    await current().transforms.close();
    throw error;
  });
  const around = { current, refusedProblems, folder: path.dirname(configFile), log, clock };
  const gateway = { settings, web, work: createWorkerSide(web, around) };
  const addresses: Addresses = { url: '', specsUrl: undefined };
  const stop = await startServices(servicesOf(gateway, addresses, port), (name, error) =>
    log.error({ err: error }, `cannot stop: ${name}`),
  );
  void current()
    .models.warm()
    .catch((error) => log.error({ err: error }, 'cannot load the default model'));
  return { ...addresses, settings: current, log, reload, stop };
}

interface Addresses {
  url: string;
  specsUrl: string | undefined;
}

interface Gateway {
  readonly settings: LiveSettings;
  readonly web: WebSide;
  readonly work: WorkerSide;
}

/** In the order in which they start; each may count on those before it until it has stopped. */
function servicesOf(gateway: Gateway, addresses: Addresses, port: number | undefined): readonly Service[] {
  const { settings, web, work } = gateway;
  const { current } = settings;
  const { log } = work.runtime;
  const drainMs = () => current().config.gateway.drainSeconds * 1000;
  return [
    { name: 'store', stop: () => web.store.close() },
    { name: 'transforms', stop: () => current().transforms.close() },
    { name: 'channels', stop: () => current().channels.close() },
    { name: 'MCP servers', stop: () => closeMcpServers(current().mcpServers) },
    // What is open from before is there before anything new comes in; what is under way ends when nothing more does.
    { name: 'work under way', start: () => recover(work), stop: () => work.worker.stop(drainMs()) },
    { name: 'listeners', start: () => openListeners(gateway, addresses, port), stop: web.stopListening },
    // No work begins in a gateway that cannot listen.
    { name: 'plans', start: () => onNewSettings(work, current()) },
    { name: 'worker', start: () => work.worker.start() },
    { name: 'alarms', ...work.watch },
    { name: 'retention', ...work.retention },
    {
      name: 'settings',
      start() {
        const onFailed = (error: unknown) => log.error({ err: error }, 'cannot plan anew');
        settings.watch(() => onNewSettings(work, current()).catch(onFailed));
      },
      stop: settings.unwatch,
    },
  ];
}

async function openListeners({ settings, web, work }: Gateway, addresses: Addresses, port?: number): Promise<void> {
  const { server, specServer, store } = web;
  const { gateway, hooks, specs } = settings.current().config;
  addresses.url = await listen(server, 'gateway.port', port ?? gateway.port, gateway.host);
  addresses.specsUrl = hooks.enabled ? addresses.url : undefined;
  if (specServer) {
    addresses.specsUrl = await listen(specServer, 'specs.port', specs.port ?? 0, gateway.host);
    work.runtime.log.info({ url: addresses.specsUrl }, 'specs have an address of their own');
  }
  store.announce(addresses);
}

/** What a dead gateway left under way is open again. */
async function recover({ runtime: { store, queue, clock, log } }: WorkerSide): Promise<void> {
  await store.write(async (tx) => {
    const jobs = await queue.recover(tx, clock.now());
    const runs = await reopenInterruptedRuns(tx);
    if (jobs > 0) log.warn({ jobs, runs }, 'the last gateway was cut off: its open work is taken up again');
  });
}

/** What follows from settings that are new: what is wrong may be mended, and beats may come at another time. */
async function onNewSettings({ runtime }: WorkerSide, { table }: Settings): Promise<void> {
  const { store, queue, clock } = runtime;
  const expecting = table.mappings.filter(({ expectMs }) => expectMs !== undefined).map(({ id }) => id);
  await store.write(async (tx) => {
    const now = clock.now();
    await expectEvents(tx, expecting, now);
    await tryAgain(tx, queue, now);
    await planBeat(runtime, tx, now);
  });
}
