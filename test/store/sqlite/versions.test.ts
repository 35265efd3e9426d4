import fs from 'node:fs';
import path from 'node:path';
import { expect, it } from '@jest/globals';
import Sqlite from 'better-sqlite3';
import { insertEvent, listEvents } from '../../../src/store/queries/events.ts';
import { sqliteMigrations } from '../../../src/store/sqlite/migrations.ts';
import { openSqliteStore } from '../../../src/store/sqlite/sqlite-store.ts';
import { tempDir } from '../../support/temp-dir.ts';
import { newEvent } from '../conformance.ts';

const dir = tempDir();

async function filled(name: string): Promise<string> {
  const file = path.join(dir, name, 'gimli.db');
  const store = await openSqliteStore(file);
  await store.write((tx) => insertEvent(tx, newEvent()));
  await store.close();
  return file;
}

function edit(file: string, ...statements: string[]): void {
  const sqlite = new Sqlite(file);
  for (const statement of statements) sqlite.exec(statement);
  sqlite.close();
}

it('a store that a newer version has written is refused, with what to do', async () => {
  const file = await filled('newer');
  edit(file, `insert into kysely_migration values ('099-future', '2030-01-01')`);
  await expect(openSqliteStore(file)).rejects.toThrow(
    `${file} was written by a newer gimli (099-future is unknown to this one): install that version, or restore a copy from before it with \`gimli restore FILE\``,
  );
  fs.writeFileSync(`${file}.before-099-future`, '');
  await expect(openSqliteStore(file)).rejects.toThrow(`gimli restore ${file}.before-099-future`);
});

it('a store with anything in it is copied before it is brought to a new version, and two such copies are kept', async () => {
  const file = await filled('older');
  fs.copyFileSync(file, `${file}.before-holiday`);
  fs.utimesSync(`${file}.before-holiday`, 1, 1);
  for (const name of ['098-a', '098-b', '098-c']) {
    const said: string[] = [];
    sqliteMigrations[name] = { up: async () => {} };
    const store = await openSqliteStore(file, { info: (text) => void said.push(text), warn() {} });
    await store.close();
    expect(said).toEqual([`the store is brought to a new version; as it was before, it is in ${file}.before-${name}`]);
    expect(fs.statSync(`${file}.before-${name}`).mode & 0o777).toBe(0o600);
    // So that no two have the same time.
    fs.utimesSync(`${file}.before-${name}`, Number(name.charCodeAt(4)), Number(name.charCodeAt(4)));
  }
  const copies = fs.readdirSync(path.dirname(file)).filter((name) => name.includes('.before-'));
  // The owner's own copy is the owner's business.
  expect(copies.sort()).toEqual(['gimli.db.before-098-b', 'gimli.db.before-098-c', 'gimli.db.before-holiday']);
  const copy = await openSqliteStore(`${file}.before-098-b`);
  expect(await listEvents(copy.read, { limit: 10 })).toHaveLength(1);
  await copy.close();
});

it('a store with nothing in it is not copied', async () => {
  const file = path.join(dir, 'empty', 'gimli.db');
  await (await openSqliteStore(file)).close();
  edit(file, `delete from kysely_migration where name like '098%'`);
  await (await openSqliteStore(file)).close();
  expect(fs.readdirSync(path.dirname(file))).not.toContainEqual(expect.stringContaining('before'));
});
