import path from 'node:path';
import { echo, storeFile } from './config.ts';
import { fillStore } from './fill-store.ts';
import { type Bench, median, type Result, type Row } from './row.ts';
import { startGateway } from './servers.ts';

const times = 5;
const storedRuns = 1_000_000;

/** From the spawn of the built CLI to its first 200, on a store that is new and on one that is full. */
export const startRow: Row = {
  name: 'start',
  async run(bench) {
    const fresh = await measure(bench, (n) => path.join(bench.dir, `start-${n}`));
    const results = [result('start, new store', fresh, 1000)];
    if (bench.quick) return results;
    const full = path.join(bench.dir, 'start-0');
    fillStore(storeFile(full), storedRuns, bench.note);
    results.push(
      result(`start, ${storedRuns.toLocaleString('en')} stored runs`, await measure(bench, () => full), 2000),
    );
    return results;
  },
};

async function measure(_bench: Bench, dirOf: (n: number) => string): Promise<number[]> {
  const all: number[] = [];
  for (let n = 0; n < times; n += 1) {
    const gimli = await startGateway(dirOf(n), echo);
    all.push(gimli.startMs);
    await gimli.stop();
  }
  return all;
}

function result(row: string, startMs: number[], limit: number): Result {
  const ms = median(startMs);
  const measured = `${Math.round(ms)} ms (${startMs.map(Math.round).join(', ')})`;
  return { row, measured, bar: `≤ ${limit} ms`, met: ms <= limit, figures: { startMs } };
}
