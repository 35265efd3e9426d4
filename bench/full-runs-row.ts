import path from 'node:path';
import type { Child } from './child.ts';
import { local } from './config.ts';
import { completed, drained } from './drain.ts';
import { load, oneKilobyte } from './load.ts';
import { median, type Row } from './row.ts';
import { startGateway, startModel } from './servers.ts';

const bars = { perSecond: 300, cpuMs: 3 };

/**
 * Whole runs: accepted, done by a model that answers at once, as many together as the config has by default, their replies
 * delivered to the log and main told, which reads what it is told in heartbeats. All of it counts.
 */
export const fullRunsRow: Row = {
  name: 'full-runs',
  async run(bench) {
    const [rounds, amount] = bench.quick ? [3, 500] : [7, 2000];
    const model = await startModel(bench.dir);
    const gimli = await startGateway(path.join(bench.dir, 'full-runs'), local(model.url));
    try {
      const all: Awaited<ReturnType<typeof round>>[] = [];
      for (let n = 0; n <= rounds; n += 1) {
        const one = await round(gimli, amount, n * amount);
        // The first is the warm-up.
        if (n > 0) all.push(one);
      }
      const [perSecond, cpuMs] = [all.map((one) => one.perSecond), all.map((one) => one.cpuMs)];
      const [rate, cpu] = [median(perSecond), median(cpuMs)];
      return [
        {
          row: 'full runs',
          measured: [
            `${Math.round(rate)}/s (${perSecond.map(Math.round).join(', ')})`,
            `CPU ${cpu.toFixed(2)} ms a run (${cpuMs.map((ms) => ms.toFixed(2)).join(', ')})`,
          ].join(', '),
          bar: `≥ ${bars.perSecond}/s, CPU ≤ ${bars.cpuMs} ms`,
          // Where the system has no /proc, the rate alone is judged.
          met: rate >= bars.perSecond && !(cpu > bars.cpuMs),
          figures: { perSecond, cpuMs },
        },
      ];
    } finally {
      await gimli.stop();
      await model.stop();
    }
  },
};

const call = oneKilobyte('/hooks/agent', { name: 'Bench' }, 'message');

async function round(gimli: Child, amount: number, before: number): Promise<{ perSecond: number; cpuMs: number }> {
  const [began, cpuBefore] = [performance.now(), gimli.cpuMs()];
  const [seconds] = await Promise.all([
    completed(gimli.url, before + amount).then(() => (performance.now() - began) / 1000),
    load(gimli.url, call, { amount }),
  ]);
  // What is left to deliver, and to read for main, belongs to the runs.
  await drained(gimli.url);
  return { perSecond: amount / seconds, cpuMs: (gimli.cpuMs() - cpuBefore) / amount };
}
