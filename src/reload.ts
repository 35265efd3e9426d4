import { statSync } from 'node:fs';
import path from 'node:path';
import type { Logger } from 'pino';
import { retireMcpServers } from './agent/mcp/servers.ts';
import { type LoadedConfig, loadConfig } from './config/load.ts';
import { changedKeys, needsRestart } from './config/restart.ts';
import { type FileWatch, watchFiles } from './config/watch.ts';
import { type BrokenPart, isSamePart } from './domain/broken-part.ts';
import { ConfigError } from './domain/errors.ts';
import { loadSettings, type Settings } from './settings.ts';

/** Settings that follow their files. A version that does not load is refused whole, and the last good one stays. */
export interface LiveSettings {
  current(): Settings;
  /** What is wrong with the files as they are now, where they were refused; undefined where they are in force. */
  refusedProblems(): readonly string[] | undefined;
  /** Reads everything anew, after what reload is under way. Resolves to whether it loaded; if not, the log says why. */
  reload(): Promise<boolean>;
  /** Begins to watch. `onReload` is told after each reload that loaded. */
  watch(onReload: () => void | Promise<void>): void;
  /** Resolves when nothing will change any more. */
  unwatch(): Promise<void>;
}

/** Loads settings for the first time. Throws ConfigError with all that is wrong. */
export async function openSettings(configFile: string, env: NodeJS.ProcessEnv, log: Logger): Promise<LiveSettings> {
  const readAt = Date.now();
  let settings = await loadSettings(configFile, env, log);
  let refused: readonly string[] | undefined;
  logBroken(settings.broken, log);
  logWarnings(warningsOf(settings), log);
  let watching: Promise<FileWatch> | undefined;
  let watchingSpecs: Promise<FileWatch> | undefined;
  let caughtUp: Promise<unknown> | undefined;
  let onReload: () => void | Promise<void> = () => {};
  let turn: Promise<unknown> = Promise.resolve();

  async function onFilesChanged(changed: readonly string[]): Promise<void> {
    const dir = settings.config.hooks.transformsDir;
    const onlyTransforms = changed.every((file) => file.startsWith(dir + path.sep));
    // A config that was refused, or a part that does not load, may have been waiting for this very file.
    const waits = refused !== undefined || settings.broken.some(({ kind }) => kind !== 'spec');
    if (onlyTransforms && !waits) await settings.transforms.refresh();
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
      refused = error.problems;
      log.error({ problems: error.problems }, 'config refused; the last good one stays');
      await (await watching)?.update([...watchedPaths(before.loaded), ...pathsOfRefused(configFile, env)]);
      return false;
    }
    refused = undefined;
    const keys = changedKeys(before.config, settings.config);
    if (keys.includes('log.level')) log.level = settings.config.log.level;
    log.info({ changed: keys }, 'config reloaded');
    logWarnings(
      warningsOf(settings).filter((line) => !warningsOf(before).includes(line)),
      log,
    );
    const mended = before.broken.filter((part) => !settings.broken.some((still) => isSamePart(still, part)));
    for (const { kind, id } of mended) log.info({ part: kind, id }, `the ${kind} "${id}" loads again`);
    const late = needsRestart(keys);
    if (late.length > 0) log.warn({ keys: late }, `restart the gateway for the new ${late.join(', ')}`);
    if (before.transforms !== settings.transforms) await before.transforms.close();
    retireMcpServers(before.mcpServers, settings.mcpServers);
    // Nothing waits for it: it never fails, and what a channel still sends may take its time.
    void before.channels.close({ after: settings.channels });
    await onReload();
    await (await watching)?.update(watchedPaths(settings.loaded));
    await (await watchingSpecs)?.update([settings.config.specs.dir]);
    return true;
  }

  return {
    current: () => settings,
    refusedProblems: () => refused,
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

/** A line for each part, once; specs have told of themselves. */
function logBroken(parts: readonly BrokenPart[], log: Logger): void {
  for (const { kind, id, problems } of parts) {
    if (kind === 'setting') log.warn({ part: kind, id, problems }, `${id} is no setting, and is ignored`);
    else if (kind !== 'spec')
      log.error({ part: kind, id, problems }, `the ${kind} "${id}" does not load and is left out`);
  }
}

const warningsOf = ({ warnings, hints }: Settings) => [...warnings, ...hints];

/** A line for each, and no more than a person would read. */
function logWarnings(lines: readonly string[], log: Logger): void {
  for (const line of lines.slice(0, mostWarnings)) log.warn(line);
  const more = lines.length - mostWarnings;
  if (more > 0) log.warn(`${more} more warnings about the config: \`gimli check\` shows them all`);
}
const mostWarnings = 50;

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
