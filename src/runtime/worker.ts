import type { Logger } from 'pino';
import { messageOf } from '../domain/errors.ts';
import type { Job, JobKind } from '../domain/job.ts';
import type { Queue } from '../queue/queue.ts';
import type { Executor } from '../store/database.ts';
import type { AfterCommit, Store, Work } from '../store/store.ts';

/** How jobs of a kind are done. `limit` are under way at once. */
export interface Handler {
  readonly limit: () => number;
  /** Part of the claim's transaction: false while none of them may begin, however many are due. Then it is asked again each second. */
  mayBegin?(tx: Executor): Promise<boolean>;
  /** Part of the claim's transaction, with queries alone. What it gives back is the work; null where there is none left. */
  begin(tx: Executor, job: Job, afterCommit: AfterCommit): Promise<((signal: AbortSignal) => Promise<void>) | null>;
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

interface Claim {
  readonly claimed: [Job, (signal: AbortSignal) => Promise<void>][];
  /** when there is more to claim, in epoch ms; Infinity where that is not known */
  readonly due: number;
}

/** Claims due jobs as slots come free, keeps their leases alive, and does them. */
export function createWorker(deps: {
  store: Store;
  queue: Queue;
  handlers: Record<JobKind, Handler>;
  log: Logger;
}): Worker {
  const { store, queue, handlers, log } = deps;
  const underWay = new Map<number, { job: Job; done: Promise<void> }>();
  const busy: Record<JobKind, number> = { run: 0, heartbeat: 0, deliver: 0 };
  const stopping = new AbortController();
  let state: 'new' | 'started' | 'stopped' = 'new';
  let claiming: Promise<void> | undefined;
  let again = false;
  let timer: NodeJS.Timeout | undefined;
  let renewedAt = Date.now();

  /** Asks for work; calls while a claim is under way make one more claim after it. */
  function pump(): void {
    if (state !== 'started') return;
    again = true;
    claiming ??= claimAll().finally(() => {
      claiming = undefined;
    });
  }

  async function claimAll(): Promise<void> {
    clearTimeout(timer);
    let wait = longestWaitMs;
    while (again && state === 'started') {
      again = false;
      try {
        const { claimed, due } = await store.write(claim);
        for (const [job, work] of claimed) start(job, work);
        if (due <= Date.now()) again = true;
        wait = Math.min(longestWaitMs, due - Date.now());
      } catch (error) {
        log.error({ err: error }, `cannot take work: ${messageOf(error)}`);
      }
    }
    if (state === 'started') timer = setTimeout(pump, wait);
  }

  const claim: Work<Claim> = async (tx, afterCommit) => {
    const claimed: Claim['claimed'] = [];
    const now = Date.now();
    // Before anything is claimed: after a long sleep the leases of our own work have ended, and it must not be taken again.
    if (now - renewedAt >= renewEveryMs) {
      await queue.extend(
        tx,
        [...underWay.values()].map(({ job }) => job),
        now,
      );
      afterCommit(() => {
        renewedAt = now;
      });
    }
    const open: JobKind[] = [];
    for (const kind of kinds) {
      let free = handlers[kind].limit() - busy[kind];
      if (free <= 0) continue;
      // What may not begin is asked about once a second, however much of it is due.
      if ((await handlers[kind].mayBegin?.(tx)) === false) continue;
      for (const job of await queue.claim(tx, kind, free, now)) {
        const work = await begin(tx, job, afterCommit);
        if (!work) continue;
        claimed.push([job, work]);
        free -= 1;
      }
      if (free > 0) open.push(kind);
    }
    return { claimed, due: (await queue.nextDue(tx, open)) ?? Number.POSITIVE_INFINITY };
  };

  /** A job that cannot even begin must not keep all others from being claimed. */
  async function begin(tx: Executor, job: Job, afterCommit: AfterCommit): ReturnType<Handler['begin']> {
    try {
      return await handlers[job.kind].begin(tx, job, afterCommit);
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
        busy[job.kind] -= 1;
        underWay.delete(job.id);
        pump();
      });
    underWay.set(job.id, { job, done });
  }

  return {
    start() {
      state = 'started';
      queue.subscribe((kind) => {
        // With no place free, the end of work under way asks.
        if (busy[kind] < handlers[kind].limit()) pump();
      });
      pump();
    },
    async stop(drainMs) {
      state = 'stopped';
      clearTimeout(timer);
      await claiming;
      clearTimeout(timer);
      const all = () => Promise.all([...underWay.values()].map((entry) => entry.done));
      const drain = setTimeout(() => stopping.abort(new Stopping('the gateway is stopping')), drainMs);
      await all();
      clearTimeout(drain);
    },
  };
}

/** Heartbeats and replies first: a flood of hook runs must not keep the owner waiting. */
const kinds: readonly JobKind[] = ['heartbeat', 'deliver', 'run'];
