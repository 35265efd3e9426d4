import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { local } from './config.ts';
import { load, oneKilobyte } from './load.ts';
import { type Result, type Row, slope } from './row.ts';
import { startGateway, startModel } from './servers.ts';

const bars = { idle: 150, loaded: 300, slope: 1, slopeMinutes: 10 };

/** Resident memory after the start, and while the gateway accepts as much as it can and does the runs over HTTP. */
export const memoryRow: Row = {
  name: 'memory',
  async run(bench) {
    const minutes = bench.quick ? 0.25 : bench.minutes;
    const model = await startModel(bench.dir);
    const gimli = await startGateway(path.join(bench.dir, 'memory'), local(model.url));
    try {
      await sleep(2000);
      const idle = gimli.residentMb();
      if (Number.isNaN(idle)) return [{ row: 'memory', measured: 'not measured: it needs /proc', figures: {} }];
      const samples: { minute: number; value: number }[] = [];
      const began = Date.now();
      const sampling = setInterval(
        () => samples.push({ minute: (Date.now() - began) / 60_000, value: gimli.residentMb() }),
        1000,
      );
      const call = oneKilobyte('/hooks/agent', { name: 'Bench' }, 'message');
      await load(gimli.url, call, { duration: minutes * 60 }).finally(() => clearInterval(sampling));
      const peak = Math.max(...samples.map(({ value }) => value));
      // A third of the time, but two minutes at most, is the warm-up.
      const warm = samples.filter(({ minute }) => minute > Math.min(2, minutes / 3));
      return [
        result('memory, idle', `${idle.toFixed(0)} MB`, bars.idle, idle),
        result('memory, full load', `${peak.toFixed(0)} MB at most`, bars.loaded, peak),
        slopeResult(slope(warm), minutes),
      ];
    } finally {
      await gimli.stop();
      await model.stop();
    }
  },
};

function result(row: string, measured: string, limit: number, mb: number): Result {
  return { row, measured, bar: `≤ ${limit} MB`, met: mb <= limit, figures: { mb } };
}

/** A short run says little: the heap breathes by more than a slow leak adds. */
function slopeResult(mbPerMinute: number, minutes: number): Result {
  const measured = `${mbPerMinute.toFixed(1)} MB/min over ${minutes} min`;
  const judged = minutes >= bars.slopeMinutes ? { bar: `≤ ${bars.slope} MB/min`, met: mbPerMinute <= bars.slope } : {};
  return { row: 'memory, slope', measured, ...judged, figures: { mbPerMinute, minutes } };
}
