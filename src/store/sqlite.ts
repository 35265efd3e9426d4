import fs from 'node:fs';
import path from 'node:path';
import Sqlite from 'better-sqlite3';
import { DefaultQueryExecutor, Kysely, SqliteDialect } from 'kysely';
import { Migrator } from 'kysely/migration';
import type { Database, Executor } from './database.ts';
import { asStoreError, isFileError } from './file-error.ts';
import { createGroupCommit } from './group-commit.ts';
import { type Addresses, type Lock, lockStore } from './lock.ts';
import { sqliteMigrations } from './migrations.ts';
import type { Store } from './store.ts';

/** The store in a file of this machine. */
export interface SqliteStore extends Store {
  /** Says where the gateway that has the store listens, for the commands and for a second gateway. */
  announce(addresses: Addresses): void;
  /** what the commands of this machine present to the owner's API of this process */
  readonly commandToken: string;
}

/**
 * Opens or creates the file, under a lock that only one process can hold, and brings it to the newest schema.
 * Throws StoreError where that fails, saying why and what to do.
 */
export async function openSqliteStore(name: string): Promise<SqliteStore> {
  let lock: Lock | undefined;
  try {
    const file = realFile(name);
    lock = lockStore(file);
    return await openLocked(file, lock);
  } catch (error) {
    lock?.release();
    throw asStoreError(name, error);
  }
}

async function openLocked(file: string, lock: Lock): Promise<SqliteStore> {
  const sqlite = new Sqlite(file);
  sqlite.pragma('journal_mode = WAL');
  // FULL: a commit is on the disk before the sender hears of it.
  sqlite.pragma('synchronous = FULL');
  // Only a tool of the owner's can be in the way, and waiting for it stops everything.
  sqlite.pragma('busy_timeout = 1000');
  // Fewer, larger checkpoints: each stalls the commit it falls on.
  sqlite.pragma('wal_autocheckpoint = 20000');
  sqlite.pragma('journal_size_limit = 67108864');
  const db = await kysely(sqlite);
  await migrate(db);
  const reader = await kysely(new Sqlite(file, { readonly: true }));

  async function transact(work: (tx: Executor) => Promise<void>): Promise<void> {
    try {
      sqlite.exec('begin immediate');
      await work(db);
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
    announce: lock.announce,
    commandToken: lock.commandToken,
    async close() {
      await reader.destroy();
      await db.destroy();
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
    return await kysely(new Sqlite(file, { readonly: true, fileMustExist: true }));
  } catch (error) {
    if (isFileError(error)) return undefined;
    throw error;
  }
}

async function kysely(sqlite: Sqlite.Database): Promise<Executor> {
  // SQLite's own `lower` knows ASCII only.
  sqlite.function('lowercase', { deterministic: true }, (text) => String(text).toLowerCase());
  const statements = new Map<string, Sqlite.Statement<unknown[]>>();
  const prepare = (sql: string) => {
    let statement = statements.get(sql);
    if (!statement) {
      // The program's queries are few; only lists in `in (…)` vary.
      if (statements.size > 500) statements.clear();
      // A bare parameter whose value could change the plan has SQLite plan the statement anew each time, which takes ten times
      // as long as running it. A value with a plus is the same value, and SQLite does not look at it.
      statement = sqlite.prepare<unknown[]>(sql.replaceAll('?', '+?'));
      statements.set(sql, statement);
    }
    return statement;
  };
  const dialect = new SqliteDialect({ database: { prepare, close: () => sqlite.close() } });
  const driver = dialect.createDriver();
  await driver.init();
  const connection = await driver.acquireConnection();
  // There is one connection, and a query is over when the call returns: to hand it out and take it back for each, as Kysely
  // does by itself, takes longer than most queries.
  const executor = new DefaultQueryExecutor(dialect.createQueryCompiler(), dialect.createAdapter(), {
    provideConnection: (use) => use(connection),
  });
  return new Kysely<Database>({ config: { dialect }, dialect, driver, executor });
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
  fs.mkdirSync(path.dirname(name), { recursive: true });
  const folder = fs.realpathSync(path.dirname(name));
  return fs.existsSync(name) ? fs.realpathSync(name) : path.join(folder, path.basename(name));
}
