import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { insertEvent } from '../../../src/store/queries/events.ts';
import { openSqliteStore } from '../../../src/store/sqlite/sqlite-store.ts';
import { tempDir } from '../../support/temp-dir.ts';
import { newEvent } from '../conformance.ts';

const dir = tempDir();
let umask = 0;
beforeAll(() => {
  umask = process.umask(0);
});
afterAll(() => {
  process.umask(umask);
});

const modeOf = (name: string) => (fs.statSync(name).mode & 0o777).toString(8);
const modesIn = (folder: string) =>
  Object.fromEntries(fs.readdirSync(folder).map((name) => [name, modeOf(path.join(folder, name))]));

async function openAndWrite(file: string): Promise<{ close(): Promise<void>; warnings: string[] }> {
  const warnings: string[] = [];
  const store = await openSqliteStore(file, { info() {}, warn: (text) => void warnings.push(text) });
  await store.write((tx) => insertEvent(tx, newEvent()));
  return { close: store.close, warnings };
}

it('a new store is for its user alone, whatever the umask says: its folder and every file', async () => {
  const folder = path.join(dir, 'new');
  const { close, warnings } = await openAndWrite(path.join(folder, 'gimli.db'));
  expect(modeOf(folder)).toBe('700');
  expect(modesIn(folder)).toEqual({
    'gimli.db': '600',
    'gimli.db-generation': '600',
    'gimli.db-holder': '600',
    'gimli.db-lock': '600',
    'gimli.db-lock-journal': '600',
    'gimli.db-shm': '600',
    'gimli.db-wal': '600',
  });
  expect(warnings).toEqual([]);
  await close();
});

it('what is open to others is closed at the next start, with a line for the owner', async () => {
  const folder = path.join(dir, 'old');
  await (await openAndWrite(path.join(folder, 'gimli.db'))).close();
  fs.chmodSync(folder, 0o755);
  for (const name of fs.readdirSync(folder)) fs.chmodSync(path.join(folder, name), 0o644);
  const { close, warnings } = await openAndWrite(path.join(folder, 'gimli.db'));
  expect(modeOf(folder)).toBe('700');
  expect(new Set(Object.values(modesIn(folder)))).toEqual(new Set(['600']));
  expect(warnings).toEqual([
    expect.stringContaining('files of the store were open to others'),
    `the folder of the store was open to others: ${folder} is closed now`,
  ]);
  await close();
});

it('a folder in which other things stand is left open, and the owner is told', async () => {
  const folder = path.join(dir, 'shared');
  fs.mkdirSync(folder, { mode: 0o755 });
  fs.writeFileSync(path.join(folder, 'gimli.json5'), '{}');
  const { close, warnings } = await openAndWrite(path.join(folder, 'gimli.db'));
  expect(modeOf(folder)).toBe('755');
  expect(modeOf(path.join(folder, 'gimli.db-wal'))).toBe('600');
  expect(warnings).toEqual([expect.stringContaining(`may look into ${folder}`)]);
  await close();
});
