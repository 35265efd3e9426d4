import type { Job, JobKind } from '../domain/job.ts';
import type { Executor } from '../store/database.ts';
import type { AfterCommit } from '../store/store.ts';

export interface NewJob {
  readonly kind: JobKind;
  readonly ref: string;
  readonly lane: string;
  /** epoch ms */
  readonly runAt: number;
  /** while an unstarted job with this key waits, another adds nothing */
  readonly once?: string;
}

/**
 * Durable jobs. Each call is part of the caller's transaction, so a job exists exactly if its cause does.
 *
 * A lane's jobs run one at a time in the order they came; one that waits for another attempt holds its lane, a dead one
 * does not. A claim lasts until its lease ends; whoever claims the job after that has a higher attempt, and what the
 * earlier holder reports is ignored (the result is false).
 */
export interface Queue {
  enqueue(tx: Executor, job: NewJob, afterCommit: AfterCommit): Promise<void>;
  /** Up to `limit` jobs of a kind that are due, oldest first, each with its attempt counted. */
  claim(tx: Executor, kind: JobKind, limit: number, now: number): Promise<Job[]>;
  /** When the next job of these kinds is due or loses its lease, in epoch ms; undefined where there is none. */
  nextDue(db: Executor, kinds: readonly JobKind[]): Promise<number | undefined>;
  /** The work is done: the job is gone. */
  complete(tx: Executor, job: Job): Promise<boolean>;
  /** Again at `runAt`; `error` says why. `counted: false` gives the attempt back. */
  retry(tx: Executor, job: Job, options: { runAt: number; error: string | null; counted?: boolean }): Promise<boolean>;
  /** Out of attempts: kept, with its error, until someone retries it by hand. */
  bury(tx: Executor, job: Job, error: string): Promise<boolean>;
  /** Drops the dead job of this ref, before it is enqueued again. */
  exhume(tx: Executor, ref: string): Promise<void>;
  extend(tx: Executor, jobs: readonly Job[], now: number): Promise<void>;
  /** At start: what a dead process held is due at once. Only where no other worker can be alive. */
  recover(tx: Executor, now: number): Promise<number>;
  counts(db: Executor): Promise<Record<'queued' | 'waiting' | 'running' | 'dead', number>>;
  /** Called after each commit with a new job of that kind. */
  subscribe(listener: (kind: JobKind) => void): void;
}
