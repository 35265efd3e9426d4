import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { type Job, leaseMs } from '../../src/domain/job.ts';
import type { NewJob, Queue } from '../../src/queue/queue.ts';
import type { Store } from '../../src/store/store.ts';

/** What every queue must do. `open` gives an empty one. */
export function queueConformance(open: () => Promise<{ store: Store; queue: Queue }>): void {
  let store: Store;
  let queue: Queue;
  const now = 1_000_000;

  beforeEach(async () => {
    ({ store, queue } = await open());
  });
  afterEach(() => store.close());

  const add = (...jobs: (Partial<NewJob> & { ref: string })[]) =>
    store.write(async (tx, afterCommit) => {
      for (const job of jobs) await queue.enqueue(tx, { kind: 'run', lane: job.ref, runAt: now, ...job }, afterCommit);
    });
  const claim = (limit = 10, at = now) => store.write((tx) => queue.claim(tx, 'run', limit, at));
  const refs = (jobs: Job[]) => jobs.map((job) => job.ref);
  const one = async (at = now): Promise<Job> => {
    const [job] = await claim(1, at);
    if (!job) throw new Error('no job is due');
    return job;
  };

  it('hands out due jobs in the order they came, each once, with attempt 1', async () => {
    await add({ ref: 'a' }, { ref: 'b' }, { ref: 'later', runAt: now + 5 });
    expect(await claim()).toMatchObject([
      { ref: 'a', kind: 'run', lane: 'a', attempt: 1 },
      { ref: 'b', attempt: 1 },
    ]);
    expect(await claim()).toEqual([]);
    expect(refs(await claim(10, now + 5))).toEqual(['later']);
  });

  it('forgets a job when the transaction that caused it is rolled back', async () => {
    const failed = store.write(async (tx, afterCommit) => {
      await queue.enqueue(tx, { kind: 'run', ref: 'x', lane: 'x', runAt: now }, afterCommit);
      throw new Error('rolled back');
    });
    await expect(failed).rejects.toThrow('rolled back');
    expect(await claim()).toEqual([]);
  });

  it('gives only jobs of the kind that was asked for', async () => {
    await add({ ref: 'h', kind: 'heartbeat' });
    expect(await claim()).toEqual([]);
    expect(refs(await store.write((tx) => queue.claim(tx, 'heartbeat', 1, now)))).toEqual(['h']);
  });

  it('runs the jobs of one lane one at a time and in order, while other lanes go on', async () => {
    await add({ ref: 'a1', lane: 'a' }, { ref: 'a2', lane: 'a' }, { ref: 'a3', lane: 'a' }, { ref: 'b1', lane: 'b' });
    const [a1] = await claim();
    expect(await claim()).toEqual([]);
    await store.write((tx) => queue.complete(tx, a1 as Job));
    const a2 = await one();
    expect(a2.ref).toBe('a2');
    await store.write((tx) => queue.complete(tx, a2));
    expect(refs(await claim())).toEqual(['a3']);
  });

  it('holds a lane while its head waits for another attempt', async () => {
    await add({ ref: 'a1', lane: 'a' }, { ref: 'a2', lane: 'a' });
    const first = await one();
    await store.write((tx) => queue.retry(tx, first, { runAt: now + 2000, error: 'try again' }));
    expect(await claim()).toEqual([]);
    expect(await one(now + 2000)).toMatchObject({ ref: 'a1', attempt: 2 });
  });

  it('gives an attempt back that was not counted', async () => {
    await add({ ref: 'a' });
    const job = await one();
    await store.write((tx) => queue.retry(tx, job, { runAt: now, error: null, counted: false }));
    expect((await one()).attempt).toBe(1);
  });

  it('keeps a dead job, lets its lane go on, and drops it when it is exhumed', async () => {
    await add({ ref: 'a1', lane: 'a' }, { ref: 'a2', lane: 'a' });
    const job = await one();
    await store.write((tx) => queue.bury(tx, job, 'it never worked'));
    expect(await queue.counts(store.read)).toMatchObject({ dead: 1 });
    expect((await one()).ref).toBe('a2');
    await store.write((tx) => queue.exhume(tx, 'a1'));
    expect(await queue.counts(store.read)).toMatchObject({ dead: 0 });
  });

  it('gives a job to another when its lease has ended, and ignores what the first holder reports', async () => {
    await add({ ref: 'a' });
    const first = await one();
    expect(await claim(10, now + leaseMs - 1)).toEqual([]);
    const second = await one(now + leaseMs + 1);
    expect(second).toMatchObject({ ref: 'a', attempt: 2 });
    expect(await store.write((tx) => queue.complete(tx, first))).toBe(false);
    expect(await store.write((tx) => queue.retry(tx, first, { runAt: now, error: null }))).toBe(false);
    expect(await store.write((tx) => queue.bury(tx, first, 'late'))).toBe(false);
    expect(await store.write((tx) => queue.complete(tx, second))).toBe(true);
  });

  it('keeps a job with its holder as long as the lease is extended', async () => {
    await add({ ref: 'a' });
    const job = await one();
    await store.write((tx) => queue.extend(tx, [job], now + leaseMs));
    expect(await claim(10, now + leaseMs + 1)).toEqual([]);
    expect(refs(await claim(10, now + 2 * leaseMs + 1))).toEqual(['a']);
  });

  it('makes what a dead process held due at once, as the next attempt', async () => {
    await add({ ref: 'a1', lane: 'a' }, { ref: 'a2', lane: 'a' });
    await claim();
    expect(await store.write((tx) => queue.recover(tx, now))).toBe(1);
    expect(await claim()).toMatchObject([{ ref: 'a1', attempt: 2 }]);
  });

  it('adds nothing while an unstarted job with the same key waits, and adds again once that has begun', async () => {
    await add({ ref: 'first', lane: 'main', once: 'heartbeat' }, { ref: 'second', lane: 'main', once: 'heartbeat' });
    const first = await one();
    expect(first.ref).toBe('first');
    await add({ ref: 'third', lane: 'main', once: 'heartbeat' }, { ref: 'fourth', lane: 'main', once: 'heartbeat' });
    await store.write((tx) => queue.complete(tx, first));
    const third = await one();
    expect(third.ref).toBe('third');
    await store.write((tx) => queue.complete(tx, third));
    expect(await claim()).toEqual([]);
  });

  it.each([
    ['handed back', (job: Job) => store.write((tx) => queue.retry(tx, job, { runAt: now, error: null }))],
    ['recovered', () => store.write((tx) => queue.recover(tx, now))],
  ])(
    'takes a job with a key up again when it is %s, though another with the key waits behind it',
    async (_, reopen) => {
      await add({ ref: 'first', lane: 'main', once: 'heartbeat' });
      const first = await one();
      await add({ ref: 'second', lane: 'main', once: 'heartbeat' });
      await reopen(first);
      const again = await one();
      expect(again).toMatchObject({ ref: 'first', attempt: 2 });
      await store.write((tx) => queue.complete(tx, again));
      expect((await one()).ref).toBe('second');
    },
  );

  it('says when the next job of given kinds is due, waiting or leased', async () => {
    expect(await queue.nextDue(store.read, ['run'])).toBeUndefined();
    await add({ ref: 'a', runAt: now + 7 }, { ref: 'h', kind: 'heartbeat', runAt: now + 3 });
    expect(await queue.nextDue(store.read, ['run'])).toBe(now + 7);
    expect(await queue.nextDue(store.read, ['run', 'heartbeat'])).toBe(now + 3);
    await claim(1, now + 7);
    expect(await queue.nextDue(store.read, ['run'])).toBe(now + 7 + leaseMs);
  });

  it('tells its listeners after the commit of a new job', async () => {
    let told = 0;
    queue.subscribe(() => {
      told += 1;
    });
    await add({ ref: 'a' }, { ref: 'b' });
    expect(told).toBe(1);
  });
}
