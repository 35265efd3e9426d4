import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { expect, it } from '@jest/globals';
import { findHolder } from '../../../src/store/sqlite/lock.ts';
import { openSqliteStore } from '../../../src/store/sqlite/sqlite-store.ts';
import { tempDir } from '../../support/temp-dir.ts';

const dir = tempDir();
const url = 'http://127.0.0.1:4711';

it('who has a store, and where its gateway listens, is known as long as it has it', async () => {
  const file = path.join(dir, 'gimli.db');
  expect(findHolder(file)).toBeUndefined();
  expect(fs.readdirSync(dir)).toEqual([]);

  const store = await openSqliteStore(file);
  const own = { pid: process.pid, commandToken: store.commandToken };
  expect(findHolder(file)).toEqual(own);
  expect(fs.statSync(`${file}-holder`).mode & 0o777).toBe(0o600);
  store.announce({ url });
  expect(findHolder(file)).toEqual({ ...own, url });
  await expect(openSqliteStore(file)).rejects.toThrow(
    `gimli.db is in use by another gimli (process ${process.pid}) at ${url}.`,
  );
  fs.symlinkSync(file, path.join(dir, 'link.db'));
  expect(findHolder(path.join(dir, 'link.db'))).toEqual({ ...own, url });

  await store.close();
  expect(findHolder(file)).toBeUndefined();
  await (await openSqliteStore(file)).close();
});

it('what a killed holder left behind counts no more', async () => {
  const file = path.join(dir, 'killed.db');
  const source = path.resolve('src/store/sqlite/sqlite-store.ts');
  const script = `const { openSqliteStore } = await import(${JSON.stringify(source)});
    const store = await openSqliteStore(${JSON.stringify(file)});
    store.announce('${url}'); process.kill(process.pid, 'SIGKILL');`;
  const { signal } = spawnSync(process.execPath, ['--input-type=module', '--eval', script]);
  expect(signal).toBe('SIGKILL');
  expect(findHolder(file)).toBeUndefined();
});
