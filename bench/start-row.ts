import path from 'node:path';
import type { Child } from './child.ts';
import { echo, storeFile } from './config.ts';
import { fillStore } from './fill-store.ts';
import { median, type Result, type Row } from './row.ts';
import { startBase, startGateway } from './servers.ts';

const storedRuns = 1_000_000;

/** From the spawn of the built CLI to its first 200, on a store that is new and on one that is full. */
export const startRow: Row = {
  name: 'start',
  async run(bench) {
    // What Node and Express alone take here and now, to read the others by.
    const base = await times(() => startBase(bench.dir));
    const fresh = await times((n) => startGateway(path.join(bench.dir, `start-${n}`), echo));
    const results = [result('start, new store', fresh, base, 1000)];
    if (bench.quick) return results;
    const full = path.join(bench.dir, 'start-0');
    fillStore(storeFile(full), storedRuns, bench.note);
    const again = await times(() => startGateway(full, echo));
    return [...results, result(`start, ${storedRuns.toLocaleString('en')} stored runs`, again, base, 2000)];
  },
};

async function times(start: (n: number) => Promise<Child>): Promise<number[]> {
  const all: number[] = [];
  for (let n = 0; n < 5; n += 1) {
    const server = await start(n);
    all.push(server.startMs);
    await server.stop();
  }
  return all;
}

function result(row: string, startMs: number[], baseMs: number[], limit: number): Result {
  const ms = median(startMs);
  const measured = `${Math.round(ms)} ms (${startMs.map(Math.round).join(', ')}; base ${Math.round(median(baseMs))})`;
  return { row, measured, bar: `≤ ${limit} ms`, met: ms <= limit, figures: { startMs, baseMs } };
}
