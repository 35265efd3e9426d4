import fs from 'node:fs';
import type Sqlite from 'better-sqlite3';
import { Migrator } from 'kysely/migration';
import { StoreError } from '../../domain/errors.ts';
import type { Executor } from '../database.ts';
import { sqliteMigrations } from './migrations.ts';

/** So many copies from before migrations are kept. */
const keptCopies = 2;
const copyName = (file: string, migration: string) => `${file}.before-${migration}`;

/**
 * Brings a store to the newest schema, and copies it before that where anything is in it. Returns the name of the copy. Throws
 * StoreError where a newer version has written it.
 */
export async function bringUpToDate(sqlite: Sqlite.Database, db: Executor, file: string): Promise<string | undefined> {
  const done = migrationsOf(sqlite);
  refuseNewer(file, done);
  const [next] = Object.keys(sqliteMigrations).filter((name) => !done.includes(name));
  if (next === undefined) return undefined;
  const copy = done.length > 0 && holdsAnything(sqlite) ? copyName(file, next) : undefined;
  if (copy !== undefined) await copyFile(sqlite, copy);
  const provider = { getMigrations: async () => sqliteMigrations };
  const { error } = await new Migrator({ db, provider }).migrateToLatest();
  if (error) throw error;
  if (copy !== undefined) forgetOldCopies(file);
  return copy;
}

/** The online copy of SQLite, in one go, for its user alone. */
export async function copyFile(sqlite: Sqlite.Database, to: string): Promise<void> {
  fs.rmSync(to, { force: true });
  fs.closeSync(fs.openSync(to, 'wx', 0o600));
  await sqlite.backup(to, { progress: () => 2 ** 30 });
}

/** So that the file can give room back from now on. Takes as much room again while it lasts, and about ten seconds a GB. */
export function rewrite(sqlite: Sqlite.Database): void {
  sqlite.pragma('auto_vacuum = incremental');
  sqlite.exec('vacuum');
}

/** Throws StoreError for a database that is no store of Gimli's, and for one of a newer version. */
export function mustBeOurs(sqlite: Sqlite.Database, file: string): void {
  const done = migrationsOf(sqlite);
  if (done.length === 0) throw new StoreError(`${file} is no store of gimli`);
  refuseNewer(file, done);
}

/** When the newest event came that a store has, in epoch ms. */
export function latestEvent(sqlite: Sqlite.Database): number | undefined {
  const newest = sqlite.prepare('select received_at from events order by id desc limit 1').pluck().get();
  return newest as number | undefined;
}

function migrationsOf(sqlite: Sqlite.Database): string[] {
  const table = sqlite.prepare(`select 1 from sqlite_master where name = 'kysely_migration'`).get();
  return table ? (sqlite.prepare('select name from kysely_migration order by name').pluck().all() as string[]) : [];
}

function refuseNewer(file: string, done: readonly string[]): void {
  const unknown = done.filter((name) => !Object.hasOwn(sqliteMigrations, name));
  const [first] = unknown;
  if (first === undefined) return;
  const copy = copyName(file, first);
  const older = fs.existsSync(copy)
    ? `restore the copy that was made before it: gimli restore ${copy}`
    : 'restore a copy from before it with `gimli restore FILE`';
  throw new StoreError(
    `${file} was written by a newer gimli (${unknown.join(', ')} is unknown to this one): install that version, or ${older}`,
  );
}

function holdsAnything(sqlite: Sqlite.Database): boolean {
  return ['events', 'runs', 'system_events'].some((table) => sqlite.prepare(`select 1 from ${table} limit 1`).get());
}

function forgetOldCopies(file: string): void {
  // By their whole names: an owner may have copies of a name like theirs.
  const copies = Object.keys(sqliteMigrations)
    .map((migration) => copyName(file, migration))
    .filter((copy) => fs.existsSync(copy))
    .sort((a, b) => fs.statSync(b).mtimeMs - fs.statSync(a).mtimeMs);
  for (const old of copies.slice(keptCopies)) fs.rmSync(old, { force: true });
}
