import { randomInt } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import Sqlite from 'better-sqlite3';
import { StoreError } from '../../domain/errors.ts';
import { createIds } from '../../domain/id.ts';
import type { Executor } from '../database.ts';
import { createGroupCommit } from '../group-commit.ts';
import type { Store, Upkeep } from '../store.ts';
import { type Checkpoints, createCheckpoints, noteClosed } from './checkpoints.ts';
import { executorOn } from './connection.ts';
import { asStoreError, isFileError } from './file-error.ts';
import { closeToOthers, makeFolder } from './file-modes.ts';
import { type Addresses, type Lock, lockStore } from './lock.ts';
import { lookThrough } from './look-through.ts';
import { findFiles, type Pairing, pairingOf } from './pairing.ts';
import { readStamp } from './stamp.ts';
import { bringUpToDate, rewrite } from './versions.ts';

/** The store in a file of this machine. */
export interface SqliteStore extends Store {
  /** Says where the gateway that has the store listens, for the commands and for a second gateway. */
  announce(addresses: Addresses): void;
  /** what the commands of this machine present to the owner's API of this process */
  readonly commandToken: string;
}

/** Hears what the owner should know of the file. */
export interface Notes {
  info(text: string): void;
  warn(text: string): void;
}

const silent: Notes = { info() {}, warn() {} };

/**
 * Opens or creates the file, under a lock that only one process can hold, and brings it to the newest schema. Files that do not
 * belong together are refused before SQLite sees them. Throws StoreError where that fails, saying why and what to do.
 */
export async function openSqliteStore(name: string, notes: Notes = silent): Promise<SqliteStore> {
  let lock: Lock | undefined;
  try {
    const file = realFile(name);
    lock = lockStore(file);
    return await openLocked(file, lock, notes);
  } catch (error) {
    lock?.release();
    throw asStoreError(name, error);
  }
}

async function openLocked(file: string, lock: Lock, notes: Notes): Promise<SqliteStore> {
  const pairing = pairingOf(findFiles(file));
  if (typeof pairing === 'object') throw new StoreError(refusalOf(file, pairing.wrong));
  for (const open of closeToOthers(file)) notes.warn(open);
  if (pairing === 'cut off' || pairing === 'copy') lookFirst(file, pairing, notes);
  const sqlite = openFile(file);
  let reader: Executor | undefined;
  try {
    const db = await executorOn(sqlite);
    const copy = await bringUpToDate(sqlite, db, file);
    if (copy !== undefined) notes.info(`the store is brought to a new version; as it was before, it is in ${copy}`);
    const checkpoints = takeIntoUse(sqlite, file, pairing);
    reader = await executorOn(new Sqlite(file, { readonly: true }));
    return storeOn({ sqlite, db, reader, checkpoints, file, lock });
  } catch (error) {
    await reader?.destroy();
    sqlite.close();
    throw error;
  }
}

function refusalOf(file: string, wrong: string): string {
  if (!fs.existsSync(file)) {
    return (
      `${file} cannot be used as it is: ${wrong}. Put it back, or a copy with \`gimli restore FILE\`. ` +
      `To begin with an empty store, remove ${file}-wal and ${file}-generation as well.`
    );
  }
  return (
    `${file} cannot be used as it is: ${wrong}. Put back what belongs to it, or a copy with \`gimli restore FILE\`. ` +
    `\`gimli restore ${file}\` takes the file alone, and sets aside what stands beside it: what is not in it is lost then.`
  );
}

function lookFirst(file: string, how: 'cut off' | 'copy', notes: Notes): void {
  const what = how === 'copy' ? 'is a copy that was put here' : 'was not closed by the last process that had it';
  // One that only reads leaves the files as they are, whatever comes of it.
  const sqlite = new Sqlite(file, { readonly: true });
  try {
    const isSound = lookThrough(sqlite, file, how);
    const looked = isSound ? 'it was looked through and is sound' : 'it is too large to be looked through at a start';
    if (how === 'copy') notes.warn(`${file} ${what}: it holds what had happened by then, and nothing later; ${looked}`);
    else notes.info(`${file} ${what}; ${looked}`);
  } finally {
    sqlite.close();
  }
}

function openFile(file: string): Sqlite.Database {
  const sqlite = new Sqlite(file);
  // Before the first table, so that the file can give room back.
  if (readStamp(file) === undefined) sqlite.pragma('auto_vacuum = incremental');
  sqlite.pragma('journal_mode = WAL');
  // FULL: a commit is on the disk before the sender hears of it.
  sqlite.pragma('synchronous = FULL');
  // Only a tool of the owner's can be in the way, and waiting for it stops everything.
  sqlite.pragma('busy_timeout = 1000');
  // What a row said before it was changed or removed is overwritten in its page, which costs no page more.
  sqlite.pragma('secure_delete = fast');
  // They are run when it suits, and noted.
  sqlite.pragma('wal_autocheckpoint = 0');
  sqlite.pragma('journal_size_limit = 67108864');
  return sqlite;
}

/** Gives a new store or copy a generation of its own, and has the main file complete from the first moment on. */
function takeIntoUse(sqlite: Sqlite.Database, file: string, pairing: Pairing): Checkpoints {
  if (sqlite.pragma('auto_vacuum', { simple: true }) !== incremental && fs.statSync(file).size <= cheapToRewrite)
    rewrite(sqlite);
  const isNamed = sqlite.pragma('application_id', { simple: true }) !== 0;
  sqlite.exec('begin immediate');
  if (!isNamed || pairing === 'copy') sqlite.pragma(`application_id = ${randomInt(1, 2 ** 31)}`);
  const checkpoints = createCheckpoints(sqlite, file);
  checkpoints.stamp();
  sqlite.exec('commit');
  checkpoints.run();
  return checkpoints;
}

interface Parts {
  readonly sqlite: Sqlite.Database;
  readonly db: Executor;
  readonly reader: Executor;
  readonly checkpoints: Checkpoints;
  readonly file: string;
  readonly lock: Lock;
}

function storeOn({ sqlite, db, reader, checkpoints, file, lock }: Parts): SqliteStore {
  const changes = sqlite.prepare('select total_changes()').pluck();
  let counted = changes.get();

  async function transact(work: (tx: Executor) => Promise<void>): Promise<void> {
    try {
      sqlite.exec('begin immediate');
      await work(db);
      const count = changes.get();
      if (count !== counted) checkpoints.stamp();
      counted = count;
      sqlite.exec('commit');
    } catch (error) {
      // On a full disk SQLite has rolled back already.
      if (sqlite.inTransaction) sqlite.exec('rollback');
      throw asStoreError(file, error);
    }
  }

  return {
    read: reader,
    write: createGroupCommit(transact),
    newId: createIds(),
    upkeep: upkeepOf(sqlite, checkpoints),
    announce: lock.announce,
    commandToken: lock.commandToken,
    async close() {
      checkpoints.stop();
      await reader.destroy();
      checkpoints.run();
      await db.destroy();
      noteClosed(file);
      lock.release();
    },
  };
}

/**
 * What is in a store, for whoever only looks: it needs no lock, makes no file and changes none. Undefined where there is none, or none
 * that can be read so.
 */
export async function peekIntoStore(file: string): Promise<Executor | undefined> {
  if (!fs.existsSync(file)) return undefined;
  try {
    return await executorOn(new Sqlite(file, { readonly: true, fileMustExist: true }));
  } catch (error) {
    if (isFileError(error)) return undefined;
    throw error;
  }
}

function upkeepOf(sqlite: Sqlite.Database, checkpoints: Checkpoints): Upkeep {
  const number = (name: string) => sqlite.pragma(name, { simple: true }) as number;
  return {
    sizes() {
      const page = number('page_size');
      return {
        fileBytes: number('page_count') * page,
        freeBytes: number('freelist_count') * page,
        walBytes: checkpoints.walBytes(),
        canShrink: number('auto_vacuum') === incremental,
      };
    },
    shrink(pages) {
      if (sqlite.inTransaction) return;
      sqlite.exec('begin immediate');
      // Not by a statement that is run once: it frees a page each time it is stepped.
      sqlite.exec(`pragma incremental_vacuum(${pages})`);
      checkpoints.stamp();
      sqlite.exec('commit');
    },
    overwrite: (on) => void sqlite.pragma(`secure_delete = ${on ? 'on' : 'fast'}`),
    settle() {
      if (!sqlite.inTransaction) checkpoints.run('truncate');
    },
  };
}

/** SQLite's number for `auto_vacuum = incremental` */
const incremental = 2;
/** A file of an earlier version is written anew at a start where that takes a moment only. */
const cheapToRewrite = 32 * 1024 * 1024;

/** The file behind all links, since it is the file that is locked and not one of its names. Makes its folder. */
function realFile(name: string): string {
  makeFolder(path.dirname(name));
  const folder = fs.realpathSync(path.dirname(name));
  return fs.existsSync(name) ? fs.realpathSync(name) : path.join(folder, path.basename(name));
}
