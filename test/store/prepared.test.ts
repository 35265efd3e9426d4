import path from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { sql } from 'kysely';
import { prepared } from '../../src/store/prepared.ts';
import { openSqliteStore, type SqliteStore } from '../../src/store/sqlite/sqlite-store.ts';
import { tempDir } from '../support/temp-dir.ts';

let store: SqliteStore;
beforeAll(async () => {
  store = await openSqliteStore(path.join(tempDir(), 'prepared.db'));
});
afterAll(() => store.close());

it('a query is built once and run with the values of each call, wherever they stand in it', async () => {
  let built = 0;
  const echo = prepared((_, { a, b }: { a: string; b: number | null }) => {
    built += 1;
    return sql<{ b: number | null; a: string; again: number | null; fixed: string }>`
      select ${b} as b, ${a} as a, ${b} as again, ${'fixed'} as fixed`;
  });
  expect(await echo(store.read, { a: 'x', b: 1 })).toEqual([{ b: 1, a: 'x', again: 1, fixed: 'fixed' }]);
  expect(await echo(store.read, { a: '?', b: null })).toEqual([{ b: null, a: '?', again: null, fixed: 'fixed' }]);
  expect(built).toBe(1);
  // The reading and the writing side may differ in what they make of a query.
  await store.write((tx) => echo(tx, { a: 'x', b: 1 }));
  await store.write((tx) => echo(tx, { a: 'x', b: 1 }));
  expect(built).toBe(2);
});

it('a query of the builder gives typed rows', async () => {
  const counter = prepared((db, { name }: { name: string }) =>
    db.selectFrom('counters').select('value').where('name', '=', name),
  );
  await store.write((tx) => tx.insertInto('counters').values({ name: 'test', value: 7 }).execute());
  const [row] = await counter(store.read, { name: 'test' });
  expect(row?.value).toBe(7);
  expect(await counter(store.read, { name: 'other' })).toEqual([]);
});
