import fs from 'node:fs';
import path from 'node:path';
import Sqlite from 'better-sqlite3';
import { Kysely, SqliteDialect } from 'kysely';
import { Migrator } from 'kysely/migration';
import { StoreError } from '../domain/errors.ts';
import type { Database, Executor } from './database.ts';
import { createGroupCommit } from './group-commit.ts';
import { sqliteMigrations } from './migrations.ts';
import type { Store } from './store.ts';

/**
 * Opens or creates the file, under a lock that only one process can hold, and brings it to the newest schema.
 * Throws StoreError where that fails, saying why and what to do.
 */
export async function openSqliteStore(name: string): Promise<Store> {
  const file = realFile(name);
  const unlock = lock(file);
  try {
    const sqlite = new Sqlite(file);
    sqlite.pragma('journal_mode = WAL');
    // FULL: a commit is on the disk before the sender hears of it.
    sqlite.pragma('synchronous = FULL');
    // Only a tool of the owner's can be in the way, and waiting for it stops everything.
    sqlite.pragma('busy_timeout = 1000');
    // Fewer, larger checkpoints: each stalls the commit it falls on.
    sqlite.pragma('wal_autocheckpoint = 20000');
    sqlite.pragma('journal_size_limit = 67108864');
    const db = kysely(sqlite);
    await migrate(db);
    const reader = kysely(new Sqlite(file, { readonly: true }));

    const transact = (work: (tx: Executor) => Promise<void>) =>
      db.connection().execute(async (tx) => {
        try {
          sqlite.exec('begin immediate');
          await work(tx);
          sqlite.exec('commit');
        } catch (error) {
          // On a full disk SQLite has rolled back already.
          if (sqlite.inTransaction) sqlite.exec('rollback');
          throw asStoreError(file, error);
        }
      });

    return {
      read: reader,
      write: createGroupCommit(transact),
      async close() {
        await reader.destroy();
        await db.destroy();
        unlock();
      },
    };
  } catch (error) {
    unlock();
    throw asStoreError(file, error);
  }
}

function kysely(sqlite: Sqlite.Database): Executor {
  const statements = new Map<string, Sqlite.Statement<unknown[]>>();
  const prepare = (sql: string) => {
    let statement = statements.get(sql);
    if (!statement) {
      // The program's queries are few; only lists in `in (…)` vary.
      if (statements.size > 500) statements.clear();
      statement = sqlite.prepare<unknown[]>(sql);
      statements.set(sql, statement);
    }
    return statement;
  };
  return new Kysely<Database>({ dialect: new SqliteDialect({ database: { prepare, close: () => sqlite.close() } }) });
}

async function migrate(db: Executor): Promise<void> {
  const { error } = await new Migrator({
    db,
    provider: { getMigrations: async () => sqliteMigrations },
  }).migrateToLatest();
  if (error) throw error;
}

/** The file behind all links, since it is the file that is locked and not one of its names. Makes its folder. */
function realFile(name: string): string {
  try {
    fs.mkdirSync(path.dirname(name), { recursive: true });
    const folder = fs.realpathSync(path.dirname(name));
    return fs.existsSync(name) ? fs.realpathSync(name) : path.join(folder, path.basename(name));
  } catch (error) {
    throw asStoreError(name, error);
  }
}

/**
 * A second gateway on one file would run everything twice. The lock is an open transaction on a small file beside it, so
 * the system drops it with its process, however that ends. Its one row says who holds it.
 */
function lock(file: string): () => void {
  let holder: Sqlite.Database;
  try {
    holder = new Sqlite(`${file}-lock`, { timeout: 0 });
  } catch (error) {
    throw asStoreError(file, error);
  }
  try {
    holder.exec('create table if not exists holder (pid integer); begin immediate');
    holder.exec(`delete from holder; insert into holder values (${process.pid}); commit; begin immediate`);
  } catch (error) {
    const pid = isBusy(error) ? holder.prepare('select pid from holder').pluck().get() : undefined;
    holder.close();
    if (!isBusy(error)) throw asStoreError(file, error);
    throw new StoreError(
      `${file} is in use by another gimli (process ${pid}). Stop that one, or give this one its own store.url.`,
    );
  }
  return () => holder.close();
}

function isBusy(error: unknown): boolean {
  return isFileError(error) && error.code.startsWith('SQLITE_BUSY');
}

/** By its code, not its class: the native module knows one SqliteError, however often the package is loaded. */
function isFileError(error: unknown): error is { readonly code: string; readonly message: string } {
  const { code, syscall } = (error ?? {}) as { code?: unknown; syscall?: unknown };
  return typeof code === 'string' && (code.startsWith('SQLITE_') || syscall !== undefined);
}

/** Errors of the file become StoreErrors; a constraint is a bug of ours, and anything else belongs to the caller. */
function asStoreError(file: string, error: unknown): unknown {
  if (!isFileError(error) || error.code.startsWith('SQLITE_CONSTRAINT') || error.code === 'SQLITE_ERROR') return error;
  return new StoreError(`cannot use the store ${file}: ${error.message} (${error.code})`, { cause: error });
}
