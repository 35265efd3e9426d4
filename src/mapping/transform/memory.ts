import type { Worker } from 'node:worker_threads';

const lookEveryMs = 50;

export interface MemoryWatch {
  /** A call begins in a thread; `full` is told once if that comes to hold more than it may outside its heap. */
  begin(threadId: number, full: () => void): void;
  end(threadId: number): void;
}

/**
 * Looks at threads that are at work, busy ones too: the limits that Node has for a thread count its heap alone, not its Buffers.
 * Calls that are over sooner are looked at by their own thread, at their end.
 */
export function createMemoryWatch(threads: () => readonly Worker[], maxOutsideBytes: number): MemoryWatch {
  const calls = new Map<number, () => void>();
  let timer: NodeJS.Timeout | undefined;

  async function look(): Promise<void> {
    for (const thread of threads()) {
      const full = calls.get(thread.threadId);
      if (!full) continue;
      // A thread that has ended tells nothing.
      const heap = await thread.getHeapStatistics().catch(() => undefined);
      if (heap && heap.external_memory > maxOutsideBytes && calls.get(thread.threadId) === full) full();
    }
  }

  return {
    begin(threadId, full) {
      calls.set(threadId, full);
      timer ??= setInterval(look, lookEveryMs).unref();
    },
    end(threadId) {
      calls.delete(threadId);
      if (calls.size > 0) return;
      clearInterval(timer);
      timer = undefined;
    },
  };
}
