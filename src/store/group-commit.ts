import { setImmediate } from 'node:timers';
import type { Executor } from './database.ts';
import type { Store, Work } from './store.ts';

/** Keeps one transaction from holding the event loop for long. */
const maxGroup = 256;

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

  async function commit(entries: readonly Entry[]): Promise<void> {
    const results: unknown[] = [];
    const notices = new Set<() => void>();
    try {
      await transact(async (tx) => {
        for (const entry of entries) results.push(await entry.work(tx, (notify) => notices.add(notify)));
      });
    } catch (error) {
      const [only, ...others] = entries;
      if (only && others.length === 0) return only.reject(error);
      for (const entry of entries) await commit([entry]);
      return;
    }
    for (const [index, entry] of entries.entries()) entry.resolve(results[index] as never);
    for (const notify of notices) notify();
  }

  async function flush(): Promise<void> {
    await commit(queue.splice(0, maxGroup));
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
