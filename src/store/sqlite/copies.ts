import { randomInt } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import Sqlite from 'better-sqlite3';
import { StoreError } from '../../domain/errors.ts';
import { noteClosed } from './checkpoints.ts';
import { asStoreError } from './file-error.ts';
import { makeFolder, storeFiles } from './file-modes.ts';
import { findHolder, lockStore } from './lock.ts';
import { mustBeSound } from './look-through.ts';
import { findFiles, pairingOf, writeNote } from './pairing.ts';
import { readStamp } from './stamp.ts';
import { copyFile, latestEvent, mustBeOurs, rewrite } from './versions.ts';

/** A copy that was made or put into place. */
export interface Copied {
  readonly bytes: number;
  /** when its newest event or run came, in epoch ms; undefined where there is none */
  readonly latest: number | undefined;
}

/**
 * Copies a store while a gateway has it, or while none has, into one file that is whole by itself. Throws StoreError where that file
 * is there, unless `force`, where the files of the store do not belong together, and where the copy is not sound.
 */
export async function backUp(file: string, to: string, force: boolean): Promise<Copied> {
  if (!fs.existsSync(file)) throw new StoreError(`there is no store at ${file}`);
  if (fs.existsSync(to) && !force) throw new StoreError(`${to} is there already: choose another name, or add --force`);
  if (fs.existsSync(to) && storeFiles(fs.realpathSync(file)).includes(fs.realpathSync(to)))
    throw new StoreError(`${to} belongs to the store itself: choose another name`);
  makeFolder(path.dirname(path.resolve(to)));
  const partial = `${to}.partial`;
  try {
    await withFile(fs.realpathSync(file), (sqlite) => copyFile(sqlite, partial));
    const copied = finishCopy(partial);
    fs.renameSync(partial, to);
    return copied;
  } catch (error) {
    throw asStoreError(to, error);
  } finally {
    for (const name of storeFiles(partial)) fs.rmSync(name, { force: true });
  }
}

/** Beside the process that has it; where none has, under its lock and only if its files belong together. */
async function withFile(file: string, use: (sqlite: Sqlite.Database) => Promise<void>): Promise<void> {
  const lock = findHolder(file) ? undefined : lockStore(file);
  try {
    const pairing = lock && pairingOf(findFiles(file));
    if (typeof pairing === 'object') throw new StoreError(`${file} cannot be copied: ${pairing.wrong}`);
    const sqlite = new Sqlite(file, { readonly: true, timeout: 10_000 });
    try {
      await use(sqlite);
    } finally {
      sqlite.close();
    }
  } finally {
    lock?.release();
  }
}

/** Has it looked through, and leaves it without any file beside it. */
function finishCopy(file: string, change?: (sqlite: Sqlite.Database) => void): Copied {
  const sqlite = new Sqlite(file);
  try {
    mustBeOurs(sqlite, file);
    mustBeSound(sqlite, file, 'quick_check');
    change?.(sqlite);
    sqlite.pragma('journal_mode = delete');
    return { latest: latestEvent(sqlite), bytes: fs.statSync(file).size };
  } finally {
    sqlite.close();
  }
}

export interface Restored extends Copied {
  /** where the files are that stood there before */
  readonly aside: string | undefined;
  /** why the `-wal` beside the file was not taken along */
  readonly withoutWal: string | undefined;
}

/**
 * Puts a copy into the place of the store, as a store of its own: nothing that belonged to another one is ever read into it. What stood
 * there is set aside. `from` may be the store's own file, which is then taken alone where its `-wal` is not its own. Throws
 * StoreError where a process has the store, or the copy is not sound; then all is as it was.
 */
export async function restore(from: string, file: string): Promise<Restored> {
  if (!readStamp(from)) throw new StoreError(`${from} is ${fs.existsSync(from) ? 'no store' : 'not there'}`);
  makeFolder(path.dirname(file));
  const isItself = fs.existsSync(file) && fs.realpathSync(from) === fs.realpathSync(file);
  const target = fs.existsSync(file) ? fs.realpathSync(file) : file;
  const holder = isItself ? undefined : findHolder(from);
  if (holder)
    throw new StoreError(`${from} is in use by process ${holder.pid}: copy it with \`gimli backup\`, and restore that`);
  const lock = lockStore(target);
  const partial = `${target}.partial`;
  try {
    const withoutWal = takeCopy(from, partial);
    const generation = randomInt(1, 2 ** 31);
    const copied = finishCopy(partial, (sqlite) => void sqlite.pragma(`application_id = ${generation}`));
    const aside = setAside(target);
    fs.renameSync(partial, target);
    fs.rmSync(`${target}-shm`, { force: true });
    const stamp = readStamp(target);
    if (stamp) writeNote(target, { ...stamp, complete: true });
    return { ...copied, aside, withoutWal };
  } catch (error) {
    throw asStoreError(from, error);
  } finally {
    for (const name of storeFiles(partial)) fs.rmSync(name, { force: true });
    lock.release();
  }
}

/** With the `-wal` that belongs to it, if any. Returns why another one was left out. */
function takeCopy(from: string, to: string): string | undefined {
  const { main, wal } = findFiles(from);
  // Whatever is noted beside it: that its `-wal` is gone is no reason not to take the file.
  const pairing = pairingOf({ main, wal, hasWal: wal !== undefined, note: undefined });
  const isWrong = typeof pairing === 'object';
  for (const ending of wal && !isWrong ? ['', '-wal'] : ['']) {
    fs.copyFileSync(from + ending, to + ending);
    fs.chmodSync(to + ending, 0o600);
  }
  return isWrong ? pairing.wrong : undefined;
}

/** The name under which the files of a store are kept that is replaced; undefined where there are none. */
function setAside(file: string): string | undefined {
  const there = ['', '-wal'].filter((ending) => (fs.statSync(file + ending, { throwIfNoEntry: false })?.size ?? 0) > 0);
  const time = new Date().toISOString().slice(0, 19).replaceAll(/[-:]/g, '');
  const isTaken = (name: string) => fs.existsSync(name) || fs.existsSync(`${name}-wal`);
  let aside = `${file}.replaced-${time}`;
  for (let count = 2; isTaken(aside); count += 1) aside = `${file}.replaced-${time}-${count}`;
  for (const ending of there) fs.renameSync(file + ending, aside + ending);
  return there.length > 0 ? aside : undefined;
}

/** Has a file of an earlier version written anew, so that it can give room back. False where it can already, or somebody has it. */
export async function makeShrinkable(file: string): Promise<boolean> {
  const lock = lockStore(fs.realpathSync(file));
  const sqlite = new Sqlite(file);
  try {
    if (sqlite.pragma('auto_vacuum', { simple: true }) !== 0) return false;
    rewrite(sqlite);
    return true;
  } finally {
    sqlite.close();
    noteClosed(file);
    lock.release();
  }
}
