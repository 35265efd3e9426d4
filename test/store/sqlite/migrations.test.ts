import path from 'node:path';
import { expect, it } from '@jest/globals';
import Sqlite from 'better-sqlite3';
import { Kysely, SqliteDialect } from 'kysely';
import { Migrator } from 'kysely/migration';
import { findRun } from '../../../src/store/queries/runs.ts';
import { listSessions } from '../../../src/store/queries/sessions.ts';
import { sqliteMigrations } from '../../../src/store/sqlite/migrations.ts';
import { openSqliteStore } from '../../../src/store/sqlite/sqlite-store.ts';
import { tempDir } from '../../support/temp-dir.ts';

/** A file as a gateway of an earlier version left it. */
async function fileAt(migration: string): Promise<string> {
  const file = path.join(tempDir(), 'gimli.db');
  const db = new Kysely({ dialect: new SqliteDialect({ database: new Sqlite(file) }) });
  const migrator = new Migrator({ db, provider: { getMigrations: async () => sqliteMigrations } });
  const { error } = await migrator.migrateTo(migration);
  await db.destroy();
  if (error) throw error;
  return file;
}

it('a store from before there were sessions has those of its completed runs', async () => {
  const file = await fileAt('002-limits');
  const sqlite = new Sqlite(file);
  const insert = sqlite.prepare(
    `insert into runs (id, kind, hook, name, sessionKey, status, actionJson, policyJson, createdAt, completedAt)
     values (?, 'hook', 'h', 'n', ?, ?, '{}', '{}', 1, ?)`,
  );
  insert.run('1', 'hook:two', 'completed', 10);
  insert.run('2', 'hook:two', 'completed', 30);
  insert.run('3', 'hook:two', 'error', 40);
  insert.run('4', 'main', 'completed', 20);
  insert.run('5', 'hook:failed', 'error', 50);
  insert.run('6', 'hook:open', 'pending', null);
  sqlite.close();
  const store = await openSqliteStore(file);
  expect(await listSessions(store.read, { limit: 10 })).toEqual([
    { key: 'hook:two', turns: 2, updatedAt: 30, clearedAt: null },
    { key: 'main', turns: 1, updatedAt: 20, clearedAt: null },
  ]);
  await store.close();
});

it('what a run cost is not known where it ended before costs were counted', async () => {
  const file = await fileAt('003-sessions');
  const sqlite = new Sqlite(file);
  sqlite.exec(
    `insert into runs (id, kind, hook, name, sessionKey, status, actionJson, policyJson, createdAt, usageJson)
     values ('old', 'hook', 'h', 'n', 's', 'completed', '{}', '{}', 1, '{"inputTokens":7,"outputTokens":3}')`,
  );
  sqlite.close();
  const store = await openSqliteStore(file);
  const run = await findRun(store.read, 'old');
  expect(run?.spending).toEqual({ inputTokens: 7, outputTokens: 3, cost: 0, unpricedAnswers: 1 });
  await store.close();
});
