import type { Job, JobKind } from '../domain/job.ts';
import type { QueueListener } from './queue.ts';

/** Tells those who listen what happens in the queue. */
export interface Bell {
  subscribe(listener: QueueListener): void;
  enqueued(kinds: readonly JobKind[]): void;
  released(job: Job): void;
}

export function createBell(): Bell {
  const listeners = new Set<QueueListener>();
  return {
    subscribe: (listener) => void listeners.add(listener),
    enqueued(kinds) {
      for (const kind of new Set(kinds)) for (const listener of listeners) listener.enqueued(kind);
    },
    released(job) {
      for (const listener of listeners) listener.released(job);
    },
  };
}
