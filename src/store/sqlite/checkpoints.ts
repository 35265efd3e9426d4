import fs from 'node:fs';
import type Sqlite from 'better-sqlite3';
import { writeNote } from './pairing.ts';
import { readStamp } from './stamp.ts';

/** What stands in the `-wal` goes into the file itself when so long nothing was written, in ms … */
const idleMs = 500;
/** … or after so long, in ms: a plain copy of the file is no older than that … */
const longestMs = 30_000;
/** … or when it has grown so large, in bytes: each of these stalls the commit it falls on, so they are few. */
const largestWal = 80 * 1024 * 1024;

export interface Checkpoints {
  /** To be called in each transaction that has changed anything, before its commit. */
  stamp(): void;
  /** Moves all commits into the file, so that it is complete without its `-wal`; false where somebody reads and it has to wait. */
  run(mode?: 'passive' | 'truncate'): boolean;
  /** How large the `-wal` is, in bytes. */
  walBytes(): number;
  stop(): void;
}

/** Counts the commits of a store, and sees to it that they come into the main file soon. */
export function createCheckpoints(sqlite: Sqlite.Database, file: string): Checkpoints {
  const generation = sqlite.pragma('application_id', { simple: true }) as number;
  const readCommits = sqlite.prepare('pragma user_version').pluck();
  // As far as anybody knows: the first commit notes that it is not.
  let isComplete = true;
  let lastCommit = 0;
  let lastRun = performance.now();
  let timer: NodeJS.Timeout | undefined;
  const walBytes = () => fs.statSync(`${file}-wal`, { throwIfNoEntry: false })?.size ?? 0;
  const note = (complete: boolean) => {
    writeNote(file, { generation, commits: (readCommits.get() as number) >>> 0, complete });
    isComplete = complete;
  };

  function look(): void {
    const now = performance.now();
    const isDue = now - lastCommit >= idleMs || now - lastRun >= longestMs || walBytes() >= largestWal;
    // A transaction is never open here, since it ends in the turn of the event loop in which it begins.
    if (isDue && !sqlite.inTransaction) {
      try {
        run();
      } catch {
        // What is wrong with the file the next write hears of, and its sender; this is tried again.
      }
    }
    if (isComplete) timer = undefined;
    else timer = setTimeout(look, idleMs / 2).unref();
  }

  function run(mode: 'passive' | 'truncate' = 'passive'): boolean {
    const [moved] = sqlite.pragma(`wal_checkpoint(${mode})`) as { busy: number; log: number; checkpointed: number }[];
    lastRun = performance.now();
    if (moved?.busy !== 0 || moved.log !== moved.checkpointed) return false;
    try {
      note(true);
    } catch {
      // Without it the file is looked through at the next start, and that is all.
    }
    return true;
  }

  return {
    stamp() {
      if (isComplete) {
        note(false);
        lastRun = performance.now();
      }
      // Read each time: one that is rolled back does not count, and none may be left out.
      sqlite.exec(`pragma user_version = ${((readCommits.get() as number) + 1) | 0}`);
      lastCommit = performance.now();
      timer ??= setTimeout(look, idleMs / 2).unref();
    },
    run,
    walBytes,
    stop() {
      clearTimeout(timer);
      timer = undefined;
    },
  };
}

/** After the file was closed: says whether all is in it. */
export function noteClosed(file: string): void {
  const stamp = readStamp(file);
  if (stamp && !fs.existsSync(`${file}-wal`)) writeNote(file, { ...stamp, complete: true });
}
