import type { Executor } from '../store/database.ts';
import type { Queue } from './queue.ts';

/** A transaction that is open, the part of the queue that is used in it, and the time that it goes by, in epoch ms. */
export interface Moment<Part = Queue> {
  readonly tx: Executor;
  readonly queue: Part;
  readonly now: number;
}
