import { relative, resolve } from 'node:path';
import type { FSWatcher } from 'chokidar';
import { messageOf } from '../domain/errors.ts';

/**
 * A folder that something else writes to all the time, such as a busy store, keeps a watcher from ever saying that it is ready,
 * though it notices changes meanwhile. Neither a reload nor a stop may wait for that.
 */
const longestReadyMs = 2000;

export interface FileWatch {
  /** Watches these paths from now on, and no others; settles when it does. */
  update(paths: readonly string[]): Promise<void>;
  /** Settles when the last call of `onChange` is over; there are none afterwards. */
  close(): Promise<void>;
}

/**
 * Calls `onChange` with the absolute paths of what was added, changed or removed at `paths`: files, or folders with all that
 * is in them; either may be missing and come later. Changes that follow each other within `debounceMs` make one call, and
 * calls never overlap. Settles when it watches. `onError` hears of what onChange throws and of folders that cannot be watched.
 */
export async function watchFiles(
  paths: readonly string[],
  onChange: (changed: string[]) => void | Promise<void>,
  { debounceMs = 100, onError = warn }: { debounceMs?: number; onError?: (error: unknown) => void } = {},
): Promise<FileWatch> {
  // Loaded here, since a command that only reads the config watches nothing.
  const { watch } = await import('chokidar');
  const watchers = new Map<string, FSWatcher>();
  const changed = new Set<string>();
  let timer: NodeJS.Timeout | undefined;
  let calls = Promise.resolve();
  let updates = Promise.resolve();
  let closed = false;

  function note(path: string): void {
    changed.add(resolve(path));
    clearTimeout(timer);
    timer = setTimeout(() => {
      calls = calls.then(call).catch(onError);
    }, debounceMs);
  }

  function call(): void | Promise<void> {
    const batch = [...changed];
    changed.clear();
    return batch.length > 0 ? onChange(batch) : undefined;
  }

  // One watcher for each path: an editor that replaces a file, or a folder that is made anew, is its own affair.
  function open(path: string): Promise<void> {
    const ignored = (candidate: string) => /(^|[\\/])(node_modules|\.git)([\\/]|$)/.test(relative(path, candidate));
    const watcher = watch(path, { ignoreInitial: true, ignored });
    watchers.set(path, watcher);
    watcher.on('error', onError).on('all', (_event, candidate) => {
      // While a path is missing, the folders above it are watched for its sake.
      if (!relative(path, candidate).startsWith('..')) note(candidate);
    });
    return new Promise((resolve) => {
      const late = setTimeout(resolve, longestReadyMs);
      watcher.once('ready', () => {
        clearTimeout(late);
        resolve();
      });
    });
  }

  async function apply(paths: readonly string[]): Promise<void> {
    const wanted = new Set(paths.map((path) => resolve(path)));
    const gone = [...watchers].filter(([path]) => !wanted.has(path));
    for (const [path] of gone) watchers.delete(path);
    const added = [...wanted].filter((path) => !watchers.has(path));
    await Promise.all([...gone.map(([, watcher]) => watcher.close()), ...added.map(open)]);
  }

  // One after the other: a watcher that is closed before it is ready never says that it is.
  function update(paths: readonly string[]): Promise<void> {
    if (!closed) updates = updates.then(() => apply(paths));
    return updates;
  }

  async function close(): Promise<void> {
    const last = update([]);
    // The call under way may still ask for an update; it must not open anything any more.
    closed = true;
    await last;
    clearTimeout(timer);
    changed.clear();
    await calls;
  }

  await update(paths);
  return { update, close };
}

function warn(error: unknown): void {
  process.emitWarning(`watching files: ${messageOf(error)}`);
}
