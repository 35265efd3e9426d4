import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type Job, leaseMs } from '../../src/domain/job.ts';
import { createQueue } from '../../src/queue/create-queue.ts';
import type { LimitsOf, NewJob, Queue } from '../../src/queue/queue.ts';
import type { Store } from '../../src/store/store.ts';
import type { Driver } from '../store/drivers.ts';

/** What the queue must do on every store. */
export function queueConformance(driver: Driver): void {
  let count = 0;
  let store: Store;
  let queue: Queue;
  let limits: Record<string, ReturnType<LimitsOf>>;
  let places: number;
  const now = 1_000_000;

  beforeEach(async () => {
    limits = {};
    places = Infinity;
    count += 1;
    store = await driver.open(`queue-${count}`);
    queue = createQueue((group) => limits[group] ?? {}, { placesOf: () => places });
  });
  afterEach(() => store.close());

  const add = (...jobs: (Partial<NewJob> & { ref: string })[]) =>
    store.write(async (tx) => {
      for (const job of jobs) await queue.enqueue(tx, { kind: 'run', lane: job.ref, runAt: now, ...job });
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
    const failed = store.write(async (tx) => {
      await queue.enqueue(tx, { kind: 'run', ref: 'x', lane: 'x', runAt: now });
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

  it('lets a job take the place of one that has just ended, before all that waits in the lane', async () => {
    await add({ ref: 'a1', lane: 'a' }, { ref: 'a2', lane: 'a' }, { ref: 'a3', lane: 'a' });
    const ended = await one();
    await store.write(async (tx) => {
      await queue.complete(tx, ended);
      await queue.enqueue(tx, { kind: 'run', ref: 'next', lane: 'a', runAt: now, first: true });
    });
    const order: string[] = [];
    for (let job = await one(); order.push(job.ref) < 3; job = await one()) {
      expect(await claim()).toEqual([]);
      await store.write((tx) => queue.complete(tx, job));
    }
    expect(order).toEqual(['next', 'a2', 'a3']);
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
    expect(await queue.nextDue(store.read, ['run'], now)).toBeUndefined();
    await add({ ref: 'a', runAt: now + 7 }, { ref: 'h', kind: 'heartbeat', runAt: now + 3 });
    expect(await queue.nextDue(store.read, ['run'], now)).toBe(now + 7);
    expect(await queue.nextDue(store.read, ['run', 'heartbeat'], now)).toBe(now + 3);
    await claim(1, now + 7);
    expect(await queue.nextDue(store.read, ['run'], now)).toBe(now + 7 + leaseMs);
  });

  describe('an unstarted job with a key', () => {
    const once = 'the key';
    const find = () => queue.findOnce(store.read, once);
    const reschedule = (runAt: number) => store.write((tx) => queue.reschedule(tx, once, runAt));

    it('is found until it begins, also behind another of its lane', async () => {
      expect(await find()).toBeUndefined();
      await add({ ref: 'a', lane: 'l' }, { ref: 'b', lane: 'l', once });
      expect(await find()).toBe('b');
      await store.write(async (tx) => {
        for (const job of await queue.claim(tx, 'run', 1, now)) await queue.complete(tx, job);
      });
      expect(await find()).toBe('b');
      await claim();
      expect(await find()).toBeUndefined();
    });

    it('runs at the time it was put off to, or brought forward to', async () => {
      await add({ ref: 'a', once });
      await reschedule(now + 5);
      expect(await claim()).toEqual([]);
      expect(await queue.nextDue(store.read, ['run'], now)).toBe(now + 5);
      await reschedule(now + 1);
      expect(refs(await claim(1, now + 1))).toEqual(['a']);
    });

    it('may give its key up for another to have', async () => {
      await add({ ref: 'a', once });
      await store.write((tx) => queue.freeOnce(tx, once));
      await add({ ref: 'b', once });
      expect(await find()).toBe('b');
      expect(refs(await claim())).toEqual(['a', 'b']);
    });
  });

  describe('a group', () => {
    const end = (...jobs: Job[]) =>
      store.write(async (tx) => {
        for (const job of jobs) await queue.complete(tx, job);
      });
    const nextDue = () => queue.nextDue(store.read, ['run'], now);
    const grouped = (group: string, ...names: string[]) => names.map((ref) => ({ ref, group }));

    it('with maxConcurrent runs so many at once, the oldest first, and keeps nobody else waiting', async () => {
      limits = { g: { maxConcurrent: 2 }, h: { maxConcurrent: 1 } };
      await add(...grouped('g', 'g1', 'g2', 'g3', 'g4'), { ref: 'alone' }, ...grouped('h', 'h1', 'h2'));
      const jobs = await claim();
      expect(refs(jobs)).toEqual(['g1', 'g2', 'alone', 'h1']);
      expect(await claim()).toEqual([]);
      await end(...jobs.filter(({ ref }) => ref === 'g2'));
      expect(refs(await claim())).toEqual(['g3']);
    });

    it('takes no more of the places there are than its turn', async () => {
      limits = { g: { maxConcurrent: 5 } };
      await add({ ref: 'first' }, ...grouped('g', 'g1', 'g2'), { ref: 'last' });
      expect(refs(await claim(2))).toEqual(['first', 'g1']);
      expect(refs(await claim(2))).toEqual(['g2', 'last']);
    });

    it('keeps the order of its lanes', async () => {
      limits = { g: { maxConcurrent: 1 } };
      await add(...grouped('g', 'g1', 'g2').map((job) => ({ ...job, lane: 'l' })), { ref: 'behind', lane: 'l' });
      const [g1] = await claim();
      await end(g1 as Job);
      const [g2] = await claim();
      expect(g2?.ref).toBe('g2');
      await end(g2 as Job);
      expect(refs(await claim())).toEqual(['behind']);
    });

    it('that is full is due no more, but for the leases of its jobs', async () => {
      limits = { g: { maxConcurrent: 1 } };
      await add(...grouped('g', 'g1', 'g2'));
      expect(await nextDue()).toBe(now);
      const jobs = await claim();
      expect(await nextDue()).toBe(now + leaseMs);
      await end(...jobs);
      expect(await nextDue()).toBe(now);
    });

    it('holds a place for a job that another takes over, and none for one that waits for another attempt', async () => {
      limits = { g: { maxConcurrent: 1 } };
      await add(...grouped('g', 'g1', 'g2'));
      await claim();
      const later = now + leaseMs + 1;
      const [again] = await claim(10, later);
      expect(again).toMatchObject({ ref: 'g1', attempt: 2 });
      expect(await claim(10, later)).toEqual([]);
      await store.write((tx) => queue.retry(tx, again as Job, { runAt: later + 5, error: 'try again' }));
      expect(refs(await claim(10, later))).toEqual(['g2']);
    });

    it('whose limit is raised or gone goes on at once', async () => {
      limits = { g: { maxConcurrent: 1 } };
      await add(...grouped('g', 'g1', 'g2', 'g3', 'g4'));
      expect(refs(await claim())).toEqual(['g1']);
      limits = { g: { maxConcurrent: 2 } };
      expect(refs(await claim())).toEqual(['g2']);
      limits = {};
      expect(refs(await claim())).toEqual(['g3', 'g4']);
    });

    it('with a rate begins so many within any span of its length', async () => {
      limits = { g: { rate: { count: 3, spanMs: 100 } } };
      await add(...grouped('g', 'g1', 'g2', 'g3', 'g4', 'g5', 'g6', 'g7'), { ref: 'alone' });
      expect(refs(await claim(2))).toEqual(['g1', 'g2']);
      expect(refs(await claim(10, now + 60))).toEqual(['g3', 'alone']);
      expect(await nextDue()).toBe(now + 100);
      expect(await claim(10, now + 99)).toEqual([]);
      expect(refs(await claim(10, now + 100))).toEqual(['g4', 'g5']);
      expect(await claim(10, now + 159)).toEqual([]);
      expect(refs(await claim(10, now + 160))).toEqual(['g6']);
      expect(refs(await claim(10, now + 1000))).toEqual(['g7']);
    });

    it('with a rate lets a burst pass after a quiet time, and no larger one however long that was', async () => {
      limits = { g: { rate: { count: 2, spanMs: 100 } } };
      await add(...grouped('g', 'g1', 'g2', 'g3'));
      expect(refs(await claim(10, now + 100_000))).toEqual(['g1', 'g2']);
    });

    it('with a rate does not count what begins again: retried, handed back, taken over, recovered, added so', async () => {
      limits = { g: { rate: { count: 5, spanMs: 100_000 } } };
      await add(...grouped('g', 'g1', 'g2', 'g3', 'g4', 'g5', 'g6'));
      const [g1, g2] = await claim();
      await store.write(async (tx) => {
        await queue.retry(tx, g1 as Job, { runAt: now, error: 'try again' });
        await queue.retry(tx, g2 as Job, { runAt: now, error: null, counted: false });
      });
      await add({ ref: 'by hand', group: 'g', begun: true });
      expect(await nextDue()).toBe(now);
      expect(refs(await claim())).toEqual(['g1', 'g2', 'by hand']);
      expect(await claim(10, now + leaseMs + 1)).toHaveLength(6);
      await store.write((tx) => queue.recover(tx, now + leaseMs + 1));
      expect(await claim(10, now + leaseMs + 1)).toHaveLength(6);
      expect(refs(await claim(10, now + 100_000))).toEqual(expect.arrayContaining(['g6']));
    });

    it('may have a rate and a maxConcurrent', async () => {
      limits = { g: { rate: { count: 3, spanMs: 100 }, maxConcurrent: 2 } };
      await add(...grouped('g', 'g1', 'g2', 'g3', 'g4'));
      const two = await claim();
      expect(refs(two)).toEqual(['g1', 'g2']);
      await end(...two);
      const [g3] = await claim(10, now + 10);
      expect(g3?.ref).toBe('g3');
      await end(g3 as Job);
      expect(await claim(10, now + 20)).toEqual([]);
      expect(refs(await claim(10, now + 100))).toEqual(['g4']);
    });
  });

  describe('groups that share places', () => {
    const flood = (group: string, count: number) =>
      add(...Array.from({ length: count }, (_, n) => ({ ref: `${group}${n}`, group })));
    const counts = (jobs: Job[]) =>
      Object.fromEntries([...Map.groupBy(jobs, ({ ref }) => ref.charAt(0))].map(([of, all]) => [of, all.length]));
    const end = (...jobs: Job[]) =>
      store.write(async (tx) => {
        for (const job of jobs) await queue.complete(tx, job);
      });

    it('leave one place free for others, and are due no more until then', async () => {
      places = 8;
      await flood('a', 100);
      const jobs = await claim(8);
      expect(refs(jobs)).toEqual(['a0', 'a1', 'a2', 'a3', 'a4', 'a5', 'a6']);
      expect(await queue.nextDue(store.read, ['run'], now)).toBe(now + leaseMs);
      expect(await claim(1)).toEqual([]);
      await flood('b', 1);
      expect(await queue.nextDue(store.read, ['run'], now)).toBe(now);
      expect(refs(await claim(1))).toEqual(['b0']);
      await end(...jobs.slice(0, 1));
      expect(refs(await claim(1))).toEqual(['a7']);
    });

    it('take half of the places at most while others wait behind their backlog', async () => {
      places = 8;
      await flood('a', 100);
      const [first, second, ...rest] = await claim(8);
      await flood('b', 100);
      // Seven are held by one: of what becomes free it is given none until it has less than half.
      expect(counts(await claim(1))).toEqual({ b: 1 });
      await end(...([first, second] as Job[]));
      expect(counts(await claim(2))).toEqual({ b: 2 });
      await end(...rest.slice(0, 2));
      expect(counts(await claim(2))).toEqual({ b: 1, a: 1 });
    });

    it('share all places among many, the oldest first, each with less than half', async () => {
      places = 4;
      for (const group of ['a', 'b', 'c', 'd']) await flood(group, 10);
      expect(counts(await claim(4))).toEqual({ a: 2, b: 2 });
    });

    it('do not keep jobs waiting that are in none', async () => {
      places = 4;
      await flood('a', 10);
      await add({ ref: 'none' });
      expect(counts(await claim(4))).toEqual({ a: 3, n: 1 });
    });

    it('of one place make no use of less', async () => {
      places = 1;
      await flood('a', 3);
      expect(refs(await claim(1))).toEqual(['a0']);
    });

    it('are given no place for others that may not begin', async () => {
      places = 4;
      limits = { b: { maxConcurrent: 1 } };
      await flood('a', 10);
      await flood('b', 10);
      expect(counts(await claim(4))).toEqual({ a: 3, b: 1 });
    });
  });

  it('says why a job has not begun', async () => {
    limits = { full: { maxConcurrent: 1 }, rated: { rate: { count: 1, spanMs: 1000 } } };
    await add(
      { ref: 'running', group: 'full' },
      { ref: 'r1', group: 'rated' },
      { ref: 'retried' },
      { ref: 'head', lane: 'l' },
    );
    const begun = await claim();
    const retried = begun.find(({ ref }) => ref === 'retried') as Job;
    await store.write((tx) => queue.retry(tx, retried, { runAt: now + 2000, error: 'try again' }));
    await add(
      { ref: 'gathers', once: 'k', runAt: now + 30 },
      { ref: 'full', group: 'full' },
      { ref: 'rated', group: 'rated' },
      { ref: 'behind', lane: 'l' },
      { ref: 'due' },
    );
    const jobs = ['running', 'retried', 'gathers', 'full', 'rated', 'due', 'gone'].map((ref) => ({ ref, lane: ref }));
    const waiting = await queue.waiting(store.read, [...jobs, { ref: 'behind', lane: 'l' }], now);
    expect(Object.fromEntries(waiting)).toEqual({
      retried: { for: 'attempt' },
      gathers: { for: 'events', until: now + 30 },
      full: { for: 'maxConcurrent' },
      rated: { for: 'rate' },
      behind: { for: 'lane' },
      due: { for: 'place' },
    });
  });

  it('tells its listeners of new jobs and of those that were given up, in time for a claim in the same transaction', async () => {
    const told: string[] = [];
    queue.subscribe({
      enqueued: (kind) => told.push(`a ${kind}`),
      released: ({ ref }) => told.push(`${ref} is free`),
    });
    await add({ ref: 'done' }, { ref: 'retried' }, { ref: 'dead' }, { ref: 'lost' });
    const [done, retried, dead, lost] = (await claim()) as [Job, Job, Job, Job];
    expect(told.splice(0)).toEqual(['a run', 'a run', 'a run', 'a run']);
    await store.write(async (tx) => {
      await queue.complete(tx, done);
      await queue.retry(tx, retried, { runAt: now + 1, error: null });
      await queue.bury(tx, dead, 'out of attempts');
      await queue.complete(tx, { ...lost, attempt: 7 });
      expect(told).toEqual(['done is free', 'retried is free', 'dead is free']);
    });
  });
}
