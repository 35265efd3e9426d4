import { randomUUID } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { pino } from 'pino';
import { firstIdAt } from '../src/domain/id.ts';
import { type Clock, systemClock } from '../src/domain/time/clock.ts';
import { createGimli } from '../src/gimli.ts';
import { insertEvent } from '../src/store/queries/events.ts';
import { openSqliteStore } from '../src/store/sqlite/sqlite-store.ts';
import type { Soak } from './soak.ts';

interface RetentionSoak {
  /** a folder of its own */
  readonly dir: string;
  /** events that are there before, of the last two days: half of them are to go */
  readonly rows: number;
  /** how long calls are measured while nothing is removed */
  readonly seconds: number;
  /** for whoever is watching */
  readonly log: (line: string) => void;
}

interface RetentionFigures {
  /** events that were removed, and how long that took, in s */
  readonly removed: number;
  readonly removalSeconds: number;
  /** p99 of an accepted wake in ms, before and while events are removed */
  readonly p99Before: number;
  readonly p99While: number;
  readonly ratio: number;
  /** of the store's file: when it was full, when the old was removed, and when as much had come again */
  readonly fullBytes: number;
  readonly afterBytes: number;
  readonly laterBytes: number;
}

const token = 'hook-token-of-the-soak';
const ownerToken = 'gateway-token-of-the-soak';
const callers = 10;
const dayMs = 86_400_000;

/** A store with a day too much in it: accepts go on while that is removed, and its file does not grow again. */
export async function measureRetention({ dir, rows, seconds, log }: RetentionSoak): Promise<RetentionFigures> {
  const file = path.join(dir, 'data', 'gimli.db');
  const fill = (from: number, count: number, spanMs: number) => fillEvents(file, { from, count, spanMs });
  await fill(Date.now() - 2 * dayMs, rows, 2 * dayMs);
  const fullBytes = fs.statSync(file).size;
  log(`${rows} events, ${megabytes(fullBytes)}`);

  writeConfig(dir, 'forever');
  const gimli = await createGimli({
    configFile: path.join(dir, 'gimli.json5'),
    log: pino({ level: 'silent' }),
    env: {},
    clock: eager,
  });
  const call = caller(gimli.url);
  const p99Before = await p99Of(call, () => wait(seconds * 1000));
  writeConfig(dir, '1d');
  await gimli.reload();
  const began = performance.now();
  const p99While = await p99Of(call, async () => {
    do await wait(300);
    while (await isOldLeft(gimli.url));
  });
  const removalSeconds = (performance.now() - began) / 1000;
  const removed = (await figuresOf(gimli.url)).removed.find(({ noun }) => noun === 'event')?.rows ?? 0;
  log(
    `removed ${removed} in ${removalSeconds.toFixed(1)} s; p99 ${p99Before.toFixed(1)} ms, then ${p99While.toFixed(1)} ms`,
  );
  await gimli.stop();
  const afterBytes = fs.statSync(file).size;
  await fill(Date.now() - dayMs, Math.floor(removed * 0.9), dayMs);
  const laterBytes = fs.statSync(file).size;
  log(
    `file: full ${megabytes(fullBytes)}, after ${megabytes(afterBytes)}, with as much again ${megabytes(laterBytes)}`,
  );
  return {
    removed,
    removalSeconds,
    p99Before,
    p99While,
    ratio: p99While / p99Before,
    fullBytes,
    afterBytes,
    laterBytes,
  };
}

/** A million events with retention of a day. */
export const run: Soak = async ({ dir, minutes, scale, note }) => {
  const rows = Math.round(1_000_000 * scale);
  const { ...figures } = await measureRetention({ dir, rows, seconds: Math.min(60, minutes * 6), log: note });
  const { removed, p99Before, p99While, ratio, fullBytes, laterBytes } = figures;
  const grown = laterBytes / fullBytes;
  const measured = `${removed} removed; p99 ${p99Before.toFixed(1)} → ${p99While.toFixed(1)} ms; file × ${grown.toFixed(2)}`;
  const bar = 'p99 unchanged (≤ 1.5), the file does not grow (≤ 1.1)';
  return [{ row: 'retention', measured, ratio, bar, met: ratio <= 1.5 && grown <= 1.1, figures }];
};

/** Its waits are short, so that what is due each minute is due at once. */
const eager: Clock = { now: systemClock.now, after: (ms, wake) => systemClock.after(Math.min(ms, 200), wake) };

function writeConfig(dir: string, filtered: string): void {
  const config = {
    gateway: { port: 0, token: ownerToken },
    hooks: { enabled: true, token },
    agents: { defaults: { model: 'echo/echo', heartbeat: { every: '0m', target: 'none' } } },
    store: { keep: { filtered, events: 'forever', runs: 'forever' } },
  };
  fs.writeFileSync(path.join(dir, 'gimli.json5'), JSON.stringify(config));
}

/** Events that led to nothing, spread over a time that is past. */
async function fillEvents(
  file: string,
  { from, count, spanMs }: { from: number; count: number; spanMs: number },
): Promise<void> {
  const store = await openSqliteStore(file);
  const body = Buffer.from(JSON.stringify({ message: 'The quick brown fox jumps over the lazy dog. '.repeat(8) }));
  const about = { endpoint: 'hooks', hook: 'door', query: {}, headers: {}, body, mapping: null } as const;
  const became = {
    outcome: 'filtered',
    detail: 'door: kind is not ring',
    status: 204,
    response: null,
    replayOf: null,
    misses: [],
  } as const;
  for (let done = 0; done < count; ) {
    const some = Array.from({ length: Math.min(1000, count - done) }, (_, n) => {
      const receivedAt = Math.floor(from + ((done + n) * spanMs) / count);
      const id = `${firstIdAt(receivedAt)}-7${randomUUID().slice(15)}`;
      return store.write((tx) => insertEvent(tx, { ...about, ...became, id, receivedAt }));
    });
    await Promise.all(some);
    done += some.length;
  }
  await store.close();
}

function caller(url: string): () => Promise<void> {
  const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' };
  const body = JSON.stringify({ text: 'news', mode: 'next-heartbeat' });
  return async () => {
    const response = await fetch(`${url}/hooks/wake`, { method: 'POST', headers, body });
    await response.arrayBuffer();
    if (response.status !== 200) throw new Error(`a wake was answered with ${response.status}`);
  };
}

/** Calls as long as `until` takes; the p99 of a call, in ms. */
async function p99Of(call: () => Promise<void>, until: () => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  let isOver = false;
  const calling = Array.from({ length: callers }, async () => {
    while (!isOver) {
      const began = performance.now();
      await call();
      times.push(performance.now() - began);
    }
  });
  await until();
  isOver = true;
  await Promise.all(calling);
  return times.sort((a, b) => a - b)[Math.floor(times.length * 0.99)] ?? 0;
}

const owner = { headers: { Authorization: `Bearer ${ownerToken}` } };

interface Figures {
  readonly oldestAt: number | null;
  readonly removed: readonly { readonly noun: string; readonly rows: number }[];
}

async function figuresOf(url: string): Promise<Figures> {
  const answer = await fetch(`${url}/api/store`, owner);
  return ((await answer.json()) as { store: Figures }).store;
}

async function isOldLeft(url: string): Promise<boolean> {
  const { oldestAt } = await figuresOf(url);
  return oldestAt !== null && oldestAt < Date.now() - dayMs - 60_000;
}

const megabytes = (bytes: number) => `${Math.round(bytes / 1e6)} MB`;
