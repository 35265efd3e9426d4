import type { Logger } from 'pino';
import { messageOf } from '../domain/errors.ts';
import type { Job, JobKind } from '../domain/job.ts';
import { type Clock, systemClock } from '../domain/time/clock.ts';
import type { Claims } from '../queue/queue.ts';
import type { Executor } from '../store/database.ts';
import type { Store, Work } from '../store/store.ts';

/** How jobs of a kind are done. `limit` are under way at once. */
export interface Handler {
  readonly limit: () => number;
  /** Part of the claim's transaction: false while none of them may begin, however many are due. Then it is asked again each second. */
  mayBegin?(tx: Executor): Promise<boolean>;
  /** Part of the claim's transaction, with queries alone. What it gives back is the work; null where there is none left. */
  begin(tx: Executor, job: Job): Promise<((signal: AbortSignal) => Promise<void>) | null>;
}

export interface Worker {
  start(): void;
  /** Takes no more work, waits up to `drainMs` for what is under way, then aborts the rest, which hands itself back. */
  stop(drainMs: number): Promise<void>;
}

/** The reason of a signal that a stopping worker aborts. */
export class Stopping extends Error {
  override readonly name = 'Stopping';
}

const renewEveryMs = 10_000;
const longestWaitMs = 1000;
/** A clock that is set back by less changes nothing that anybody would notice. */
const noticedMs = 5000;
/** of a kind: to begin more in one turn of the event loop would keep those waiting who call meanwhile */
const mostAtOnce = 3;

interface Claim {
  readonly claimed: [Job, (signal: AbortSignal) => Promise<void>][];
  /** when there is more to claim, in epoch ms; Infinity where that is not known */
  readonly due: number;
  /** when the leases of the work under way were last extended, in epoch ms */
  readonly renewedAt: number;
}

/** Claims due jobs as slots come free, keeps their leases alive, and does them. */
export function createWorker(deps: {
  store: Store;
  queue: Claims;
  handlers: Record<JobKind, Handler>;
  /** part of each claim, before anything is claimed: false while nothing at all may begin */
  prepare?: (tx: Executor, now: number) => Promise<boolean>;
  clock?: Clock;
  log: Logger;
}): Worker {
  const { store, queue, handlers, prepare, clock = systemClock, log } = deps;
  const underWay = new Map<number, { job: Job; done: Promise<void>; hasPlace: boolean }>();
  const busy: Record<JobKind, number> = { run: 0, heartbeat: 0, deliver: 0 };
  const stopping = new AbortController();
  let state: 'new' | 'started' | 'stopped' = 'new';
  let claiming: Promise<void> | undefined;
  let again = false;
  let stopWaiting = () => {};
  let renewedAt = clock.now();
  let seenAt = clock.now();

  /** Asks for work; calls while a claim is being made have one more made after it. */
  function pump(): void {
    if (state !== 'started') return;
    again = true;
    claiming ??= claimAll();
  }

  async function claimAll(): Promise<void> {
    stopWaiting();
    let wait = longestWaitMs;
    while (again && state === 'started') {
      try {
        const made = await store.write(claim);
        renewedAt = made.renewedAt;
        for (const [job, work] of made.claimed) start(job, work);
        if (made.due <= clock.now()) again = true;
        wait = Math.min(longestWaitMs, made.due - clock.now());
      } catch (error) {
        again = false;
        log.error({ err: error }, `cannot take work: ${messageOf(error)}`);
      }
    }
    claiming = undefined;
    if (state === 'started') stopWaiting = clock.after(wait, pump);
  }

  const claim: Work<Claim> = async (tx) => {
    again = false;
    const claimed: Claim['claimed'] = [];
    const now = clock.now();
    if (now < seenAt - noticedMs) await queue.setBack(tx, seenAt - now, now);
    seenAt = now;
    // Before anything is claimed: after a long sleep the leases of our own work have ended, and it must not be taken again.
    const renews = now - renewedAt >= renewEveryMs || now < renewedAt;
    if (renews) {
      const jobs = [...underWay.values()].map(({ job }) => job);
      await queue.extend(tx, jobs, now);
    }
    const rests = { claimed, due: Number.POSITIVE_INFINITY, renewedAt: renews ? now : renewedAt };
    if ((await prepare?.(tx, now)) === false) return rests;
    const open: JobKind[] = [];
    for (const kind of kinds) {
      let free = handlers[kind].limit() - busy[kind];
      if (free <= 0) continue;
      // What may not begin is asked about once a second, however much of it is due.
      if ((await handlers[kind].mayBegin?.(tx)) === false) continue;
      for (const job of await queue.claim(tx, kind, Math.min(free, mostAtOnce), now)) {
        const work = await begin(tx, job);
        if (!work) continue;
        claimed.push([job, work]);
        free -= 1;
      }
      if (free > 0) open.push(kind);
    }
    const due = (await queue.nextDue(tx, open, now)) ?? Number.POSITIVE_INFINITY;
    return { ...rests, due };
  };

  /** A job that cannot even begin must not keep all others from being claimed. */
  async function begin(tx: Executor, job: Job): ReturnType<Handler['begin']> {
    try {
      return await handlers[job.kind].begin(tx, job);
    } catch (error) {
      // Only what its own row makes impossible; what the store refuses will be tried again with all the rest.
      if (!(error instanceof SyntaxError || error instanceof TypeError)) throw error;
      log.error({ err: error, job: job.id, kind: job.kind, ref: job.ref }, `work cannot begin: ${messageOf(error)}`);
      await queue.bury(tx, job, messageOf(error));
      return null;
    }
  }

  function start(job: Job, work: (signal: AbortSignal) => Promise<void>): void {
    busy[job.kind] += 1;
    const done = work(stopping.signal)
      .catch((error) =>
        log.error({ err: error, job: job.id, kind: job.kind, ref: job.ref }, `work failed: ${messageOf(error)}`),
      )
      .finally(() => {
        release(job);
        underWay.delete(job.id);
      });
    underWay.set(job.id, { job, done, hasPlace: true });
  }

  /** Gives its place to others: as soon as it has given up its job, so that their claim is part of the same commit. */
  function release(job: Job): void {
    const entry = underWay.get(job.id);
    if (!entry?.hasPlace) return;
    entry.hasPlace = false;
    busy[job.kind] -= 1;
    pump();
  }

  return {
    start() {
      state = 'started';
      queue.subscribe({
        // With no place free, the end of work under way asks.
        enqueued: (kind) => busy[kind] < handlers[kind].limit() && pump(),
        released: release,
      });
      pump();
    },
    async stop(drainMs) {
      state = 'stopped';
      stopWaiting();
      await claiming;
      stopWaiting();
      const all = () => Promise.all([...underWay.values()].map((entry) => entry.done));
      const drain = setTimeout(() => stopping.abort(new Stopping('the gateway is stopping')), drainMs);
      await all();
      clearTimeout(drain);
    },
  };
}

/** Heartbeats and replies first: a flood of hook runs must not keep the owner waiting. */
const kinds: readonly JobKind[] = ['heartbeat', 'deliver', 'run'];
