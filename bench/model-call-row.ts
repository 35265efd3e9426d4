import http from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { local } from './config.ts';
import { headers, oneKilobyte } from './load.ts';
import { createModelServer } from './model-server.ts';
import { quantiles, type Row } from './row.ts';
import { startGateway } from './servers.ts';

const limit = 5;
/** Between two calls: the gateway has long done what follows from the one before. */
const idleMs = 30;

/** From the 202 at the caller to the call at the model, both in this process, so that one clock measures it. */
export const modelCallRow: Row = {
  name: 'model-call',
  async run(bench) {
    const [warmUp, samples] = bench.quick ? [50, 100] : [100, 300];
    let arrived = (_at: number) => {};
    const model = createModelServer({ onRequest: () => arrived(performance.now()) });
    await new Promise<void>((resolve) => model.listen(0, '127.0.0.1', resolve));
    const { port } = model.address() as AddressInfo;
    const gimli = await startGateway(path.join(bench.dir, 'model-call'), local(`http://127.0.0.1:${port}`));
    const agent = new http.Agent({ keepAlive: true });
    try {
      const waits: number[] = [];
      for (let n = 0; n < warmUp + samples; n += 1) {
        const arrival = new Promise<number>((resolve) => {
          arrived = resolve;
        });
        const answered = await post(gimli.url, agent);
        const wait = (await arrival) - answered;
        if (n >= warmUp) waits.push(wait);
        await sleep(idleMs);
      }
      const { p50, p99, max } = quantiles(waits);
      const ms = (value: number) => value.toFixed(2);
      return [
        {
          row: '202 to model call, idle',
          measured: `p50 ${ms(p50)} p99 ${ms(p99)} max ${ms(max)} ms`,
          bar: `p50 ≤ ${limit} ms`,
          met: p50 <= limit,
          figures: { p50, p99, max },
        },
      ];
    } finally {
      agent.destroy();
      await gimli.stop();
      model.close();
    }
  },
};

// No heartbeat follows, which would be another call to the model.
const call = oneKilobyte('/hooks/agent', { name: 'Bench', wakeMode: 'next-heartbeat' }, 'message');

/** Resolves to the time of the 202. */
function post(url: string, agent: http.Agent): Promise<number> {
  return new Promise((resolve, reject) => {
    const request = http.request(url + call.path, { method: 'POST', headers, agent }, (response) => {
      const at = performance.now();
      response.resume().once('end', () => {
        if (response.statusCode === 202) resolve(at);
        else reject(new Error(`the call was answered with ${response.statusCode}`));
      });
    });
    request.once('error', reject).end(call.body);
  });
}
