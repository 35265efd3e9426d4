import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { expect, it } from '@jest/globals';
import Sqlite from 'better-sqlite3';
import { insertEvent, listEvents } from '../../../src/store/queries/events.ts';
import { backUp, restore } from '../../../src/store/sqlite/copies.ts';
import { openSqliteStore } from '../../../src/store/sqlite/sqlite-store.ts';
import { readStamp } from '../../../src/store/sqlite/stamp.ts';
import { eventually } from '../../support/eventually.ts';
import { tempDir } from '../../support/temp-dir.ts';
import { newEvent } from '../conformance.ts';

const dir = tempDir();
let folders = 0;
/** The name of a store in a folder of its own. */
function place(): string {
  folders += 1;
  const folder = path.join(dir, String(folders));
  fs.mkdirSync(folder, { mode: 0o700 });
  return path.join(folder, 'gimli.db');
}

/** Each of its own commit, some so large that the file grows. */
async function fill(file: string, count: number, done?: () => void): Promise<void> {
  const store = await openSqliteStore(file);
  for (let left = count; left > 0; left -= 1) {
    await store.write((tx) => insertEvent(tx, newEvent({ body: Buffer.alloc(left % 5 === 0 ? 30_000 : 500, 7) })));
  }
  done?.();
  await store.close();
}

/** How many events are in a store; what is noted of its file. */
async function contentOf(file: string): Promise<{ events: number; warnings: string[] }> {
  const warnings: string[] = [];
  const store = await openSqliteStore(file, { info() {}, warn: (text) => void warnings.push(text) });
  const { length } = await listEvents(store.read, { limit: 100_000 });
  await store.close();
  return { events: length, warnings };
}

const source = (name: string) => JSON.stringify(path.resolve('src', name));
const openIn = (file: string) => `
  const { openSqliteStore } = await import(${source('store/sqlite/sqlite-store.ts')});
  const { insertEvent } = await import(${source('store/queries/events.ts')});
  const store = await openSqliteStore(${JSON.stringify(file)});
  const event = () => ({ id: store.newId(), endpoint: 'hooks', hook: 'agent', receivedAt: Date.now(), query: {}, headers: {},
    body: Buffer.alloc(3000, 7), mapping: null, outcome: 'filtered', detail: null, status: 204, response: null, replayOf: null, misses: [] });
  const add = () => store.write((tx) => insertEvent(tx, event()));`;

/** A process that has the store, has written so many events one by one, and is killed when asked. */
async function killable(file: string, events: number): Promise<{ kill(): Promise<void> }> {
  const script = `${openIn(file)}
    for (let i = 0; i < ${events}; i++) await add();
    console.log('written'); setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exit = once(child, 'exit');
  await once(child.stdout, 'data');
  return {
    async kill() {
      child.kill('SIGKILL');
      await exit;
    },
  };
}

async function killed(file: string, events: number): Promise<void> {
  await (await killable(file, events)).kill();
}

/** Reads, and so keeps what is committed from now on in the -wal. */
function holdOpen(file: string): Sqlite.Database {
  const reader = new Sqlite(file, { readonly: true });
  reader.exec('begin');
  reader.prepare('select count(*) from events').get();
  return reader;
}

const copyAll = (file: string, to: string, endings = ['', '-wal', '-shm', '-generation']) => {
  for (const ending of endings) if (fs.existsSync(file + ending)) fs.copyFileSync(file + ending, to + ending);
};

/** Of the files that hold what was stored. */
const contentsOf = (file: string) =>
  ['', '-wal', '-generation'].map((ending) => (fs.existsSync(file + ending) ? fs.readFileSync(file + ending) : null));

it('what was killed with commits in its -wal goes on with all of them', async () => {
  const file = place();
  await killed(file, 40);
  expect(fs.statSync(`${file}-wal`).size).toBeGreaterThan(100_000);
  expect(await contentOf(file)).toEqual({ events: 40, warnings: [] });
});

it('a plain copy of the one file, made when nothing has been written for a moment, is whole and says that it is a copy', async () => {
  const file = place();
  const store = await openSqliteStore(file);
  for (let i = 0; i < 62; i += 1) await store.write((tx) => insertEvent(tx, newEvent({ body: Buffer.alloc(20_000) })));
  const copy = place();
  await eventually(() => fs.statSync(file).size > 1_200_000);
  fs.copyFileSync(file, copy);
  await store.close();
  const { events, warnings } = await contentOf(copy);
  expect(events).toBe(62);
  expect(warnings).toEqual([expect.stringContaining('is a copy that was put here')]);
  expect(await contentOf(copy)).toEqual({ events: 62, warnings: [] });
});

it('a plain copy of a store under steady load has what was there half a minute before, and is never without tables', async () => {
  const file = place();
  const store = await openSqliteStore(file);
  const copy = place();
  fs.copyFileSync(file, copy);
  await store.write((tx) => insertEvent(tx, newEvent()));
  await store.close();
  expect((await contentOf(copy)).events).toBe(0);
});

it('a copy of all files of a store that runs is whole', async () => {
  const file = place();
  const process = await killable(file, 30);
  const copy = place();
  copyAll(file, copy);
  await process.kill();
  expect((await contentOf(copy)).events).toBe(30);
});

it('copies of a store that was closed are whole: of all files, and of the one that there is', async () => {
  const file = place();
  await fill(file, 20);
  const [all, one] = [place(), place()];
  copyAll(file, all);
  fs.copyFileSync(file, one);
  expect(await contentOf(all)).toEqual({ events: 20, warnings: [] });
  expect((await contentOf(one)).events).toBe(20);
});

it('an older file beside a newer -wal is refused, and left as it is', async () => {
  const file = place();
  const kept = place();
  await fill(file, 10);
  fs.copyFileSync(file, kept);
  await fill(file, 10);
  await killed(file, 25);
  fs.copyFileSync(kept, file);
  const before = contentsOf(file);
  await expect(openSqliteStore(file)).rejects.toThrow(
    /gimli\.db cannot be used as it is: it is older than the -wal beside it.*`gimli restore FILE`/,
  );
  expect(contentsOf(file)).toEqual(before);
  const { withoutWal, aside } = await restore(file, file);
  expect(withoutWal).toContain('older than the -wal');
  expect(fs.existsSync(`${aside}-wal`)).toBe(true);
  expect(await contentOf(file)).toEqual({ events: 10, warnings: [] });
});

it('a newer file beside an older -wal is refused', async () => {
  const file = place();
  await killed(file, 25);
  const wal = fs.readFileSync(`${file}-wal`);
  await fill(file, 30);
  fs.writeFileSync(`${file}-wal`, wal);
  await expect(openSqliteStore(file)).rejects.toThrow('the -wal beside it is older than the file');
});

it('the -wal of another store is refused', async () => {
  const [file, other] = [place(), place()];
  await fill(file, 10);
  await killed(other, 10);
  fs.copyFileSync(`${other}-wal`, `${file}-wal`);
  await expect(openSqliteStore(file)).rejects.toThrow('belongs to another store');
});

it('a file whose -wal was lost with commits in it is refused, and taken when that is asked for', async () => {
  const file = place();
  await fill(file, 10);
  const reader = holdOpen(file);
  await killed(file, 10);
  reader.close();
  fs.rmSync(`${file}-wal`);
  await expect(openSqliteStore(file)).rejects.toThrow('its -wal is missing, in which its last commits stand');
  expect((await restore(file, file)).withoutWal).toBeUndefined();
  expect((await contentOf(file)).events).toBe(10);
});

it('a -wal, or a note of a store, without the file is refused and no empty store is made', async () => {
  const [file, other] = [place(), place()];
  await killed(file, 10);
  fs.rmSync(file);
  await expect(openSqliteStore(file)).rejects.toThrow('To begin with an empty store, remove');
  await fill(other, 10);
  fs.writeFileSync(other, '');
  await expect(openSqliteStore(other)).rejects.toThrow('the file is missing or empty, and there was a store in it');
});

it('an older copy in the place of a store that was closed is taken as a copy', async () => {
  const [file, kept] = [place(), place()];
  await fill(file, 10);
  fs.copyFileSync(file, kept);
  await fill(file, 10);
  fs.copyFileSync(kept, file);
  const { events, warnings } = await contentOf(file);
  expect(events).toBe(10);
  expect(warnings).toEqual([expect.stringContaining('holds what had happened by then')]);
});

it('a look at the file of a killed process with other tools of SQLite, which take the -wal away, is no harm', async () => {
  const file = place();
  await killed(file, 10);
  const tool = new Sqlite(file);
  expect(tool.prepare('select count(*) from events').pluck().get()).toBe(10);
  tool.close();
  expect(fs.existsSync(`${file}-wal`)).toBe(false);
  expect(await contentOf(file)).toEqual({ events: 10, warnings: [] });
});

it('a copy that was torn is refused as damaged, and left as it is', async () => {
  const [file, copy] = [place(), place()];
  await fill(file, 60);
  const bytes = fs.readFileSync(file);
  bytes.fill(0, bytes.length / 2, bytes.length / 2 + 40_000);
  fs.writeFileSync(copy, bytes);
  await expect(openSqliteStore(copy)).rejects.toThrow(/is damaged .*gimli restore FILE/);
  expect(fs.readFileSync(copy).equals(bytes)).toBe(true);
  await expect(restore(copy, file)).rejects.toThrow('is damaged');
  expect((await contentOf(file)).events).toBe(60);
});

it('backup copies a store that another process writes to, whole, for its user alone, and replaces nothing unasked', async () => {
  const [file, copy] = [place(), `${place()}.copy`];
  const process = await killable(file, 25);
  const { bytes, latest } = await backUp(file, copy, false);
  expect(fs.statSync(copy)).toMatchObject({ size: bytes });
  expect(fs.statSync(copy).mode & 0o777).toBe(0o600);
  expect(latest).toBeGreaterThan(Date.now() - 60_000);
  await expect(backUp(file, copy, false)).rejects.toThrow('is there already');
  await backUp(file, copy, true);
  expect(fs.readdirSync(path.dirname(copy))).toEqual([path.basename(copy)]);
  await process.kill();
  await backUp(file, `${copy}-2`, false);
  expect((await contentOf(copy)).events).toBe(25);
  expect((await contentOf(`${copy}-2`)).events).toBe(25);
});

it('backup of files that do not belong together is refused', async () => {
  const file = place();
  await fill(file, 10);
  const reader = holdOpen(file);
  await killed(file, 10);
  reader.close();
  fs.rmSync(`${file}-wal`);
  await expect(backUp(file, `${file}.copy`, false)).rejects.toThrow('cannot be copied: its -wal is missing');
});

it('restore puts a copy beside newer files as a store of its own, and keeps what stood there', async () => {
  const [file, copy] = [place(), `${place()}.copy`];
  await fill(file, 10);
  await backUp(file, copy, false);
  await killed(file, 20);
  const generation = readStamp(file)?.generation;
  const { aside } = await restore(copy, file);
  expect(fs.existsSync(`${file}-wal`)).toBe(false);
  expect(readStamp(file)?.generation).not.toBe(generation);
  expect(await contentOf(file)).toEqual({ events: 10, warnings: [] });
  await restore(aside ?? '', file);
  expect((await contentOf(file)).events).toBe(30);
});

it('restores in quick succession keep apart what each of them sets aside', async () => {
  const [file, copy] = [place(), `${place()}.copy`];
  await fill(file, 10);
  await backUp(file, copy, false);
  const asides = [];
  for (let count = 0; count < 5; count += 1) asides.push((await restore(copy, file)).aside ?? '');
  expect(new Set(asides).size).toBe(5);
  expect(asides.filter((aside) => fs.existsSync(aside))).toHaveLength(5);
});

it('a file of a version that did not count is refused beside a -wal that began later', async () => {
  const [file, kept] = [place(), `${place()}.kept`];
  await fill(file, 10);
  const sqlite = new Sqlite(file);
  sqlite.pragma('application_id = 0');
  sqlite.pragma('user_version = 0');
  sqlite.close();
  for (const beside of ['-wal', '-shm', '-generation']) fs.rmSync(file + beside, { force: true });
  fs.copyFileSync(file, kept);
  await killed(file, 20);
  fs.copyFileSync(kept, file);
  await expect(openSqliteStore(file)).rejects.toThrow('it is older than the -wal beside it');
  expect((await restore(file, file)).withoutWal).toBeDefined();
  expect((await contentOf(file)).events).toBe(10);
});

it('restore is refused while a process has the store, and for what is no store', async () => {
  const [file, copy] = [place(), `${place()}.copy`];
  const process = await killable(file, 5);
  await backUp(file, copy, false);
  await expect(restore(copy, file)).rejects.toThrow('in use by another gimli');
  await process.kill();
  fs.writeFileSync(`${copy}-junk`, 'junk');
  await expect(restore(`${copy}-junk`, file)).rejects.toThrow('is no store');
  const other = new Sqlite(`${copy}-other`);
  other.exec('create table t (a)');
  other.close();
  await expect(restore(`${copy}-other`, file)).rejects.toThrow('is no store of gimli');
  expect((await contentOf(file)).events).toBe(5);
});
