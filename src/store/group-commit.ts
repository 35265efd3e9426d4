import { setImmediate } from 'node:timers';
import type { Executor } from './database.ts';
import type { Store, Work } from './store.ts';

/** So long a group takes in works: it must not hold the event loop, on which others wait to be read and answered. */
const longestGroupMs = 20;

interface Entry {
  readonly work: Work<unknown>;
  readonly resolve: (value: never) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * All works of one turn of the event loop share a transaction, since a commit costs a disk flush: ten times the
 * throughput of one each. If a work fails, the group is rolled back and each is run alone, so that no one suffers for another.
 *
 * @param transact runs its argument between begin and commit, and rolls back when it throws
 */
export function createGroupCommit(transact: (work: (tx: Executor) => Promise<void>) => Promise<void>): Store['write'] {
  const queue: Entry[] = [];
  let busy = false;

  /** Takes its group from what is left: the first, and more while there is time. */
  async function commit(left: Entry[]): Promise<void> {
    const group = left.splice(0, 1);
    const results: unknown[] = [];
    const until = performance.now() + longestGroupMs;
    try {
      await transact(async (tx) => {
        for (const entry of group) {
          results.push(await entry.work(tx));
          if (performance.now() < until) group.push(...left.splice(0, 1));
        }
      });
    } catch (error) {
      if (group.length === 1) return group[0]?.reject(error);
      for (const entry of group) await commit([entry]);
      return;
    }
    for (const [index, entry] of group.entries()) entry.resolve(results[index] as never);
  }

  async function flush(): Promise<void> {
    await commit(queue);
    // Not a loop: what arrived meanwhile is still in the sockets, and joins the next group after this turn.
    if (queue.length > 0) setImmediate(flush);
    else busy = false;
  }

  return (work) =>
    new Promise((resolve, reject) => {
      queue.push({ work, resolve, reject });
      if (busy) return;
      busy = true;
      setImmediate(flush);
    });
}
