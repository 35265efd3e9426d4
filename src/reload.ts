import { statSync } from 'node:fs';
import path from 'node:path';
import type { Logger } from 'pino';
import { retireMcpServers } from './agent/mcp-servers.ts';
import { type LoadedConfig, loadConfig } from './config/load.ts';
import { changedKeys, needsRestart } from './config/restart.ts';
import { type FileWatch, watchFiles } from './config/watch.ts';
import { ConfigError } from './domain/errors.ts';
import { loadSettings, type Settings } from './settings.ts';

/** Settings that follow their files. A version that does not load is refused whole, and the last good one stays. */
export interface LiveSettings {
  current(): Settings;
  /** Reads everything anew, after what reload is under way. Resolves to whether it loaded; if not, the log says why. */
  reload(): Promise<boolean>;
  /** Begins to watch. `onReload` is told after each reload that loaded. */
  watch(onReload: () => void): void;
  /** Resolves when nothing will change any more. */
  unwatch(): Promise<void>;
}

/** Loads settings for the first time. Throws ConfigError with all that is wrong. */
export async function openSettings(configFile: string, env: NodeJS.ProcessEnv, log: Logger): Promise<LiveSettings> {
  const readAt = Date.now();
  let settings = await loadSettings(configFile, env, log);
  let refused = false;
  let watching: Promise<FileWatch> | undefined;
  let watchingSpecs: Promise<FileWatch> | undefined;
  let caughtUp: Promise<unknown> | undefined;
  let onReload = () => {};
  let turn: Promise<unknown> = Promise.resolve();

  async function onFilesChanged(changed: readonly string[]): Promise<void> {
    const dir = settings.config.hooks.transformsDir;
    const onlyTransforms = changed.every((file) => file.startsWith(dir + path.sep));
    // A config that was refused may have been waiting for this very file.
    if (onlyTransforms && !refused) await settings.transforms.refresh();
    else await reload();
  }

  /** One at a time, so that the latest wins. */
  function reload(): Promise<boolean> {
    const next = turn.then(reloadNow);
    turn = next.catch(() => {});
    return next;
  }

  async function reloadNow(): Promise<boolean> {
    const before = settings;
    try {
      settings = await loadSettings(configFile, env, log, before);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      refused = true;
      log.error({ problems: error.problems }, 'config refused; the last good one stays');
      await (await watching)?.update([...watchedPaths(before.loaded), ...pathsOfRefused(configFile, env)]);
      return false;
    }
    refused = false;
    const keys = changedKeys(before.config, settings.config);
    if (keys.includes('log.level')) log.level = settings.config.log.level;
    log.info({ changed: keys }, 'config reloaded');
    const late = needsRestart(keys);
    if (late.length > 0) log.warn({ keys: late }, `restart the gateway for the new ${late.join(', ')}`);
    if (before.transforms !== settings.transforms) await before.transforms.close();
    retireMcpServers(before.mcpServers, settings.mcpServers);
    onReload();
    await (await watching)?.update(watchedPaths(settings.loaded));
    await (await watchingSpecs)?.update([settings.config.specs.dir]);
    return true;
  }

  return {
    current: () => settings,
    reload,
    watch(listener) {
      onReload = listener;
      watching = watchFiles(watchedPaths(settings.loaded), onFilesChanged, {
        onError: (error) => log.error({ err: error }, 'cannot watch the config'),
      });
      // A spec is read anew when it is called. Here the owner hears at once of what is wrong with one.
      watchingSpecs = watchFiles([settings.config.specs.dir], () => void settings.specs.all(), {
        onError: (error) => log.error({ err: error }, 'cannot watch the specs'),
      });
      caughtUp = watching
        .then(() => changedSince(watchedPaths(settings.loaded), readAt) && reload())
        .catch((error) => log.error({ err: error }, 'cannot read the config anew'));
    },
    async unwatch() {
      await caughtUp;
      await (await watching)?.close();
      await (await watchingSpecs)?.close();
      await turn;
    },
  };
}

/** Config, `.env`, presets and transforms. */
function watchedPaths({ file, envFile, config }: LoadedConfig): string[] {
  const presets = config.hooks.presets.filter((name) => path.isAbsolute(name));
  return [file, envFile, ...presets, config.hooks.transformsDir];
}

/** What is wrong may be in a file that only the refused config names. */
function pathsOfRefused(configFile: string, env: NodeJS.ProcessEnv): string[] {
  try {
    return watchedPaths(loadConfig(configFile, env));
  } catch {
    return [];
  }
}

/** An edit made after the files were read and before they were watched has not been noticed. */
function changedSince(paths: readonly string[], time: number): boolean {
  return paths.some((file) => (statSync(file, { throwIfNoEntry: false })?.ctimeMs ?? 0) > time);
}
