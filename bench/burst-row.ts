import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { local } from './config.ts';
import { completed, drained } from './drain.ts';
import { load, oneKilobyte } from './load.ts';
import type { Bench, Result, Row } from './row.ts';
import { startGateway, startModel } from './servers.ts';

const bar = 300;
const settleMs = 3000;

/** Each has to keep to the bar: how a service starts the gateway, and with the flag that it gives itself then. */
const ways = [
  { name: 'node', flags: [] },
  { name: 'node, flag given', flags: ['--max-semi-space-size=8'] },
];

/** Resident memory while many runs are accepted and done, and when nothing is left to do. */
export const burstRow: Row = {
  name: 'burst',
  async run(bench) {
    const model = await startModel(bench.dir);
    try {
      const results: Result[] = [];
      for (const way of ways) results.push(await burst(bench, model.url, way));
      return results;
    } finally {
      await model.stop();
    }
  },
};

async function burst(bench: Bench, model: string, { name, flags }: (typeof ways)[number]): Promise<Result> {
  const amount = bench.quick ? 3000 : 12_000;
  const row = `burst, ${name}`;
  const gimli = await startGateway(path.join(bench.dir, `burst-${flags.length}`), local(model), flags);
  try {
    const idle = gimli.residentMb();
    if (Number.isNaN(idle)) return { row, measured: 'not measured: it needs /proc', figures: {} };
    let peak = idle;
    const sampling = setInterval(() => {
      peak = Math.max(peak, gimli.residentMb());
    }, 100);
    const call = oneKilobyte('/hooks/agent', { name: 'Bench' }, 'message');
    try {
      await load(gimli.url, call, { amount });
      await completed(gimli.url, amount);
      await drained(gimli.url);
    } finally {
      clearInterval(sampling);
    }
    await sleep(settleMs);
    const after = gimli.residentMb();
    return {
      row,
      measured: `${peak.toFixed(0)} MB at most, ${after.toFixed(0)} MB after ${amount.toLocaleString('en')} runs`,
      bar: `≤ ${bar} MB`,
      met: Math.max(peak, after) <= bar,
      figures: { peak, after, amount },
    };
  } finally {
    await gimli.stop();
  }
}
