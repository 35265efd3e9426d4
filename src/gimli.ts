import { statSync } from 'node:fs';
import path from 'node:path';
import type { Logger } from 'pino';
import { type LoadedConfig, loadConfig } from './config/load.ts';
import { changedKeys, needsRestart } from './config/restart.ts';
import { type FileWatch, watchFiles } from './config/watch.ts';
import { ConfigError, messageOf } from './domain/errors.ts';
import { createMetrics } from './http/metrics.ts';
import { createServer } from './http/server.ts';
import { createTokenCheck } from './ingest/authenticate.ts';
import { createThrottle } from './ingest/throttle.ts';
import { createSqliteQueue } from './queue/sqlite.ts';
import { deliverHandler } from './runtime/deliver.ts';
import { heartbeatHandler, startHeartbeatTimer } from './runtime/heartbeat.ts';
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
  const startedAt = Date.now();
  let settings = await loadSettings(configFile, env, log);
  let refused = false;
  const current = () => settings;
  const parts = await assemble(current, log);
  const { store, queue, metrics, server } = parts;
  const runtime: Runtime = {
    store,
    queue,
    log,
    current,
    onRunEnd: (run, status, ms) => metrics.onRunEnd(run.hook, status, ms),
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
    const { gateway } = settings.config;
    url = await parts.listen(port ?? gateway.port, gateway.host);
  } catch (error) {
    await parts.close();
    throw error;
  }
  worker.start();
  const timer = await startHeartbeatTimer(runtime);
  const watching: Promise<FileWatch> = watchFiles(watchedPaths(settings.loaded), onFilesChanged, {
    onError: (error) => log.error({ err: error }, 'cannot watch the config'),
  });
  const caughtUp = watching
    .then(() => (changedSince(watchedPaths(settings.loaded), startedAt) ? reload() : true))
    .catch((error) => log.error({ err: error }, 'cannot read the config anew'));
  void settings.models.warm().catch((error) => log.error({ err: error }, 'cannot load the default model'));

  async function onFilesChanged(changed: string[]): Promise<void> {
    const dir = settings.config.hooks.transformsDir;
    const onlyTransforms = changed.every((file) => file.startsWith(dir + path.sep));
    // A config that was refused may have been waiting for this very file.
    if (onlyTransforms && !refused) await settings.transforms.refresh();
    else await reload();
  }

  async function reload(): Promise<boolean> {
    const before = settings;
    try {
      settings = await loadSettings(configFile, env, log, before);
      refused = false;
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      refused = true;
      log.error({ problems: error.problems }, 'config refused; the last good one stays');
      await (await watching).update([...watchedPaths(before.loaded), ...pathsOfRefused()]);
      return false;
    }
    const keys = changedKeys(before.config, settings.config);
    log.info({ changed: keys }, 'config reloaded');
    const late = needsRestart(keys);
    if (late.length > 0) log.warn({ keys: late }, `restart the gateway for the new ${late.join(', ')}`);
    if (before.transforms !== settings.transforms) await before.transforms.close();
    timer.reschedule();
    await (await watching).update(watchedPaths(settings.loaded));
    return true;
  }

  /** What is wrong may be in a file that only the refused config names. */
  function pathsOfRefused(): string[] {
    try {
      return watchedPaths(loadConfig(configFile, env));
    } catch {
      return [];
    }
  }

  return {
    url,
    settings: current,
    reload,
    async stop() {
      timer.stop();
      await caughtUp;
      await (await watching).close();
      await server.close();
      await worker.stop(settings.config.gateway.drainSeconds * 1000);
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
      await parts.close();
    },
  };
}

/** The web side on the store. */
async function assemble(current: () => Settings, log: Logger) {
  const store = await openSqliteStore(current().config.store.url.slice('sqlite:'.length));
  const queue = createSqliteQueue();
  const throttle = createThrottle();
  const metrics = createMetrics(store, queue);
  const { onEvent, text: metricsText } = metrics;
  const server = createServer({ store, queue, throttle, log, current, onEvent, metricsText });
  return {
    store,
    queue,
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
      await current().transforms.close();
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

/** Config, `.env`, presets and transforms. */
function watchedPaths({ file, envFile, config }: LoadedConfig): string[] {
  const presets = config.hooks.presets.filter((name) => path.isAbsolute(name));
  return [file, envFile, ...presets, config.hooks.transformsDir];
}

/** An edit made after the files were read and before they were watched has not been noticed. */
function changedSince(paths: readonly string[], time: number): boolean {
  return paths.some((file) => (statSync(file, { throwIfNoEntry: false })?.ctimeMs ?? 0) > time);
}
