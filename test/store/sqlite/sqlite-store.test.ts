import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { StoreError } from '../../../src/domain/errors.ts';
import { insertEvent, listEvents } from '../../../src/store/queries/events.ts';
import { openSqliteStore } from '../../../src/store/sqlite/sqlite-store.ts';
import { tempDir } from '../../support/temp-dir.ts';
import { newEvent } from '../conformance.ts';

const dir = tempDir();

describe('the SQLite store', () => {
  it('makes the folder of a new file', async () => {
    const store = await openSqliteStore(path.join(dir, 'new', 'folder', 'gimli.db'));
    await store.close();
    expect(fs.existsSync(path.join(dir, 'new', 'folder', 'gimli.db'))).toBe(true);
  });

  it('is refused to a second gateway while one has it, with a message that names the process', async () => {
    const file = path.join(dir, 'locked.db');
    const store = await openSqliteStore(file);
    await expect(openSqliteStore(file)).rejects.toThrow(
      `locked.db is in use by another gimli (process ${process.pid})`,
    );
    await store.close();
    await (await openSqliteStore(file)).close();
  });

  it('is refused under another name of the same file', async () => {
    const file = path.join(dir, 'named.db');
    const store = await openSqliteStore(file);
    const link = path.join(dir, 'link.db');
    fs.symlinkSync(file, link);
    await expect(openSqliteStore(link)).rejects.toThrow('is in use by another gimli');
    await store.close();
  });

  it('is free again when the process that had it was killed', async () => {
    const file = path.join(dir, 'killed.db');
    const source = path.resolve('src/store/sqlite/sqlite-store.ts');
    const script = `const { openSqliteStore } = await import(${JSON.stringify(source)});
      await openSqliteStore(${JSON.stringify(file)}); process.kill(process.pid, 'SIGKILL');`;
    const { signal } = spawnSync(process.execPath, ['--input-type=module', '--eval', script]);
    expect(signal).toBe('SIGKILL');
    await (await openSqliteStore(file)).close();
  });

  it('says why a file cannot be opened', async () => {
    const folder = path.join(dir, 'a-folder.db');
    fs.mkdirSync(folder);
    await expect(openSqliteStore(folder)).rejects.toThrow(StoreError);
    const junk = path.join(dir, 'junk.db');
    fs.writeFileSync(junk, 'this is no database, but it is long enough to be read as one'.repeat(100));
    await expect(openSqliteStore(junk)).rejects.toThrow(/cannot use the store .*junk\.db: file is not a database/);
  });

  it('refuses a write on a full disk as a StoreError, loses nothing that was stored, and goes on when there is room', async () => {
    const file = path.join(dir, 'full.db');
    const store = await openSqliteStore(file);
    const pages = async (sql: string) => {
      // The limit is SQLite's own, so the error is the one that a full disk gives.
      const { sql: raw } = await import('kysely');
      return store.write((tx) => raw.raw<{ max_page_count: number }>(sql).execute(tx));
    };
    const kept = newEvent();
    await store.write((tx) => insertEvent(tx, kept));
    await pages('pragma max_page_count = 60');
    const big = newEvent({ body: Buffer.alloc(1_000_000) });
    const [full, beside] = await Promise.allSettled([
      store.write((tx) => insertEvent(tx, big)),
      store.write((tx) => insertEvent(tx, newEvent({ hook: 'small' }))),
    ]);
    expect(full).toMatchObject({ status: 'rejected', reason: expect.any(StoreError) });
    expect(beside.status).toBe('fulfilled');
    await pages('pragma max_page_count = 100000');
    await store.write((tx) => insertEvent(tx, big));
    expect((await listEvents(store.read, { limit: 10 })).map((event) => event.hook)).toEqual([
      'small',
      'agent',
      'agent',
    ]);
    await store.close();
  });
});
