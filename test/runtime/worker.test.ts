import path from 'node:path';
import { expect, it, jest } from '@jest/globals';
import pino from 'pino';
import type { Job } from '../../src/domain/job.ts';
import { createQueue } from '../../src/queue/create-queue.ts';
import { createWorker, type Handler } from '../../src/runtime/worker.ts';
import { openSqliteStore } from '../../src/store/sqlite/sqlite-store.ts';
import type { Store } from '../../src/store/store.ts';
import { atEnd } from '../support/at-end.ts';
import { eventually } from '../support/eventually.ts';
import { startModel } from '../support/model.ts';
import { tempDir } from '../support/temp-dir.ts';
import { tempGateway } from '../support/temp-gateway.ts';

const dir = tempDir();

it('work under way is not taken again when the machine wakes from a sleep longer than its lease', async () => {
  const gate = Promise.withResolvers<string>();
  const model = await startModel(() => gate.promise);
  const gateway = await tempGateway({ agents: model.agents });
  const first = (await gateway.post('agent', { message: 'slow', wakeMode: 'next-heartbeat' })).body;
  await eventually(() => model.calls.length === 1);

  const awake = Date.now;
  jest.spyOn(Date, 'now').mockImplementation(() => awake() + 60_000);
  // A second run shows that the worker has looked for work since.
  const second = (await gateway.post('agent', { message: 'quick', wakeMode: 'next-heartbeat' })).body;
  await eventually(() => model.calls.some((call) => call.prompt.includes('"quick"')));
  gate.resolve('Done.');
  expect(await gateway.ended(first.runId)).toMatchObject({ status: 'completed', attempts: 1 });
  expect(await gateway.ended(second.runId)).toMatchObject({ status: 'completed', attempts: 1 });
  expect(model.calls).toHaveLength(2);
  jest.restoreAllMocks();
});

/** A worker that does so many runs at once, of jobs `1` to `amount`. `work` is given what completes its job, and in the same transaction does `also`. */
async function workerOf(
  limit: number,
  amount: number,
  work: (job: Job, complete: (also?: () => void) => Promise<void>, store: Store) => Promise<void>,
) {
  const store = await openSqliteStore(path.join(dir, `${limit}-of-${amount}.db`));
  const queue = createQueue();
  const run: Handler = {
    limit: () => limit,
    begin: async (_tx, job) => () => {
      const complete = (also = () => {}) =>
        store.write(async (tx) => {
          await queue.complete(tx, job);
          also();
        });
      return work(job, complete, store);
    },
  };
  const none: Handler = { limit: () => 0, begin: async () => null };
  const handlers = { run, heartbeat: none, deliver: none };
  const worker = createWorker({ store, queue, handlers, log: pino({ enabled: false }) });
  worker.start();
  await store.write(async (tx) => {
    for (let n = 1; n <= amount; n += 1) await queue.enqueue(tx, { kind: 'run', ref: `${n}`, lane: `${n}`, runAt: 0 });
  });
  atEnd(async () => {
    await worker.stop(0);
    await store.close();
  });
  return { counts: () => queue.counts(store.read) };
}

it('the place of work that ends goes to the next in the same commit, and the end of its promise gives no second one', async () => {
  const gate = Promise.withResolvers<void>();
  const done: { ref: string; running: number; queued: number }[] = [];
  const { counts } = await workerOf(1, 3, async ({ ref }, complete) => {
    if (ref === '3') return await gate.promise;
    await complete();
    const { running, queued } = await counts();
    done.push({ ref, running, queued });
  });
  atEnd(gate.resolve);
  await eventually(() => done.length === 2);
  expect(done).toEqual([
    { ref: '1', running: 1, queued: 1 },
    { ref: '2', running: 1, queued: 0 },
  ]);
});

it('work is done by as many at once as may, and never by more', async () => {
  const gate = Promise.withResolvers<void>();
  let underWay = 0;
  let most = 0;
  let ended = 0;
  const { counts } = await workerOf(8, 30, async (_job, complete) => {
    underWay += 1;
    most = Math.max(most, underWay);
    await gate.promise;
    underWay -= 1;
    await complete();
    ended += 1;
  });
  atEnd(gate.resolve);
  await eventually(() => underWay === 8);
  expect(await counts()).toMatchObject({ running: 8, queued: 22 });
  gate.resolve();
  await eventually(() => ended === 30);
  expect(most).toBe(8);
  expect(await counts()).toEqual({ queued: 0, waiting: 0, running: 0, dead: 0 });
});

it('a claim whose group is rolled back is made again, and its work is begun once', async () => {
  const begun: string[] = [];
  const refused: unknown[] = [];
  const { counts } = await workerOf(1, 2, async (job, complete, store) => {
    begun.push(`${job.ref}, attempt ${job.attempt}`);
    await complete(() => {
      // Behind the claim that the end of the job has asked for, and in its group.
      store
        .write(async () => {
          throw new Error('rolled back');
        })
        .catch((error) => refused.push(error.message));
    });
  });
  await eventually(async () => begun.length === 2 && (await counts()).running === 0);
  expect(begun).toEqual(['1, attempt 1', '2, attempt 1']);
  expect(refused).toContain('rolled back');
});
