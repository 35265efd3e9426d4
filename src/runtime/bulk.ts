import { setImmediate } from 'node:timers/promises';
import type { RunStatus } from '../domain/run.ts';
import type { Executor } from '../store/database.ts';
import { nextRunIds, type RunFilter } from '../store/queries/runs.ts';
import { breakOff, cancelInside } from './cancel.ts';
import { retryInside } from './retry.ts';
import type { Runtime } from './runtime.ts';

type Parts = Pick<Runtime, 'store' | 'queue' | 'live' | 'clock'>;

/** What is done to many runs at once, and the statuses in which that can be done to a run. */
export interface BulkWork {
  readonly statuses: readonly RunStatus[];
  readonly order: 'oldest first' | 'newest first';
  /** Part of a transaction: whether it was done. */
  one(parts: Parts, tx: Executor, id: string): Promise<boolean>;
  /** After the commit. */
  after?(parts: Parts, id: string): void;
}

/** Oldest first, since a workflow goes on at the first of its steps that failed. */
export const bulkRetry: BulkWork = {
  statuses: ['error'],
  order: 'oldest first',
  one: async (parts, tx, id) => (await retryInside(parts, tx, id, { unscreened: false })) === null,
};

/** Newest first, so that nothing that is to end moves up in its session and begins. */
export const bulkCancel: BulkWork = {
  statuses: ['pending', 'running'],
  order: 'newest first',
  one: async (parts, tx, id) => (await cancelInside(parts, tx, id)) === 'cancelled',
  after: breakOff,
};

/** So many in one transaction, and so long, in ms: others wait for the event loop. */
const mostAtOnce = 100;
const longestMs = 20;

/** The runs of hooks that match, oldest first. A heartbeat is never among them. */
export async function findMatching(
  { store }: Pick<Parts, 'store'>,
  filter: RunFilter,
  statuses: readonly RunStatus[],
): Promise<string[]> {
  const found: string[] = [];
  for (const status of statuses) {
    let after: string | null = '';
    while (after !== null) {
      const { ids, last } = await nextRunIds(store.read, status, { ...filter, kind: 'hook' }, after);
      found.push(...ids);
      after = last;
      await setImmediate();
    }
  }
  // A run that went from one status to the next meanwhile may have been seen twice.
  return [...new Set(found)].sort();
}

/** Does it to each of the runs, in batches; what has changed meanwhile so that it cannot be done is refused. */
export async function doInBulk(
  parts: Parts,
  work: BulkWork,
  ids: readonly string[],
): Promise<{ done: number; refused: number }> {
  const left = work.order === 'oldest first' ? [...ids].reverse() : [...ids];
  let done = 0;
  while (left.length > 0) {
    // What is tried may be tried twice, so it changes nothing but the store.
    const { tried, successes } = await parts.store.write(async (tx) => {
      const until = performance.now() + longestMs;
      const successes: string[] = [];
      let tried = 0;
      while (tried < Math.min(mostAtOnce, left.length) && (tried === 0 || performance.now() < until)) {
        tried += 1;
        const id = left.at(-tried) as string;
        if (await work.one(parts, tx, id)) successes.push(id);
      }
      return { tried, successes };
    });
    left.length -= tried;
    done += successes.length;
    for (const id of successes) work.after?.(parts, id);
    await setImmediate();
  }
  return { done, refused: ids.length - done };
}
