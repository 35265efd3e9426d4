import path from 'node:path';
import { expect, it } from '@jest/globals';
import Sqlite from 'better-sqlite3';
import { openSqliteStore } from '../../../src/store/sqlite/sqlite-store.ts';
import { tempDir } from '../../support/temp-dir.ts';

it('tables, columns, indexes and triggers have names that every engine takes unquoted', async () => {
  const file = path.join(tempDir(), 'gimli.db');
  await (await openSqliteStore(file)).close();
  const sqlite = new Sqlite(file, { readonly: true });
  const names = sqlite
    .prepare(`select name from sqlite_master union select c.name from sqlite_master m, pragma_table_info(m.name) c`)
    .pluck()
    .all() as string[];
  sqlite.close();
  expect(names).toEqual(expect.arrayContaining(['runs', 'session_key', 'jobs_head', 'count_new_runs']));
  // Its own indexes of primary keys SQLite names itself.
  expect(names.filter((name) => !/^[a-z_]+$/.test(name) && !name.startsWith('sqlite_autoindex_'))).toEqual([]);
});
