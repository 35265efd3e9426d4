import type { Job, JobKind } from '../domain/job.ts';
import type { Limits } from '../domain/limits.ts';
import type { Executor } from '../store/database.ts';

export interface NewJob {
  readonly kind: JobKind;
  readonly ref: string;
  readonly lane: string;
  /** epoch ms */
  readonly runAt: number;
  /** while an unstarted job with this key waits, another only brings it forward */
  readonly once?: string | undefined;
  /** the id of the mapping whose run it is: its limits hold for the job, and it shares the places with others */
  readonly group?: string | undefined;
  /** it has begun once, so that the rate of its group does not count it */
  readonly begun?: boolean;
  /** it goes before all that waits in its lane: it takes the place of a job that has just ended in this transaction */
  readonly first?: boolean;
}

/** What a group may do at the moment, by the latest config; a group that nobody knows has no limits. */
export type LimitsOf = (group: string) => Pick<Limits, 'rate' | 'maxConcurrent'>;

/** Why a job has not begun. `until` in epoch ms: when it is due; an event that joins puts it off. */
export type Waiting =
  | { readonly for: 'gate'; readonly gate: string }
  | { readonly for: 'events'; readonly until: number }
  | { readonly for: 'lane' | 'attempt' | 'rate' | 'maxConcurrent' | 'place' | 'budget' | 'mappingBudget' };

/** What else a job may have to wait for than the limits of its group. */
export interface Admission {
  /** Part of a claim's transaction: whether the job may begin now. Where not, no other of its group is asked about in that claim. */
  admits(
    tx: Executor,
    kind: JobKind,
    job: { readonly ref: string; readonly group: string | null },
    now: number,
  ): Promise<boolean>;
  /** Whether there is no need to ask about a group, since it has just been refused. */
  holds(kind: JobKind, group: string | null, now: number): boolean;
  /** For people: why a job of the group would have to wait. */
  whatHolds(db: Executor, kind: JobKind, group: string | null, now: number): Promise<Waiting | undefined>;
}

/**
 * Told of what happens within a transaction, before its commit, so that a claim may be part of that: whether the commit comes is
 * not known.
 */
export interface QueueListener {
  /** there is a new job */
  enqueued(kind: JobKind): void;
  /** who held the job has given it up, done or not */
  released(job: Job): void;
}

interface HoldOptions {
  readonly gate: string;
  readonly runAt: number;
  readonly giveUpAt: number | null;
  /** why; null where it has not been tried */
  readonly error: string | null;
  /** what becomes of the attempt: none was made, or one that does or does not count */
  readonly attempt: 'none' | 'counted' | 'uncounted';
}

/** For whoever wants work done: each call is part of the caller's transaction, so a job exists exactly if its cause does. */
export interface Jobs {
  enqueue(tx: Executor, job: NewJob): Promise<void>;
  /** Takes back a job of this ref and lane that nobody has claimed. False where there is none. */
  withdraw(tx: Executor, job: Pick<NewJob, 'ref' | 'lane'>): Promise<boolean>;
  /** Drops the dead job of this ref, before it is enqueued again. */
  exhume(tx: Executor, ref: string): Promise<void>;
  /** The unstarted job with this key: its ref. */
  findOnce(db: Executor, once: string): Promise<string | undefined>;
  /** Has the unstarted job with this key run at another time. */
  reschedule(tx: Executor, once: string, runAt: number): Promise<void>;
  /** The unstarted job with this key gives it up, so that another can have it. */
  freeOnce(tx: Executor, once: string): Promise<void>;
  /** Lets the first of those at a gate go, up to `limit` of them, and gives their ids. */
  letGo(tx: Executor, gate: string, limit: number, now: number): Promise<number[]>;
  /** Lets up to `limit` of those go that have waited at their gates as long as they may. */
  letGoLate(tx: Executor, limit: number, now: number): Promise<void>;
}

/**
 * For whoever does the work. A claim lasts until its lease ends; whoever claims the job after that has a higher attempt, and what the
 * earlier holder reports is ignored (the result is false).
 */
export interface Claims {
  /** Up to `limit` jobs of a kind that are due, oldest first, each with its attempt counted. */
  claim(tx: Executor, kind: JobKind, limit: number, now: number): Promise<Job[]>;
  /** When the next job of these kinds is due or loses its lease, in epoch ms; undefined where there is none. */
  nextDue(db: Executor, kinds: readonly JobKind[], now: number): Promise<number | undefined>;
  extend(tx: Executor, jobs: readonly Job[], now: number): Promise<void>;
  /** The work is done: the job is gone. */
  complete(tx: Executor, job: Job): Promise<boolean>;
  /** Again at `runAt`; `error` says why. `counted: false` gives the attempt back. */
  retry(tx: Executor, job: Job, options: { runAt: number; error: string | null; counted?: boolean }): Promise<boolean>;
  /**
   * At the gate until it opens: its lane waits for it. `runAt` is its place among those that wait there, and `giveUpAt` is when
   * it is handed out all the same.
   */
  hold(tx: Executor, job: Job, options: HoldOptions): Promise<boolean>;
  /** Out of attempts: kept, with its error, until someone retries it by hand. */
  bury(tx: Executor, job: Job, error: string): Promise<boolean>;
  /** At start: what a dead process held is due at once. Only where no other worker can be alive. */
  recover(tx: Executor, now: number): Promise<number>;
  /** The clock was set back by `ms`: what waits for a time comes no later than it would have. */
  setBack(tx: Executor, ms: number, now: number): Promise<void>;
  subscribe(listener: QueueListener): void;
}

/** For whoever looks on. */
export interface View {
  counts(db: Executor): Promise<Record<'queued' | 'waiting' | 'running' | 'dead', number>>;
  /** How many jobs of a kind were due before a time and have not begun; 1001 where there are more. */
  countOverdue(db: Executor, kind: JobKind, before: number): Promise<number>;
  /** How many wait at a gate. */
  countAt(db: Executor, gate: string): Promise<number>;
  /** Whether a job that was let go is under way. */
  isRunning(db: Executor, id: number): Promise<boolean>;
  /** Why those of the jobs that have not begun wait, by their refs. */
  waiting(db: Executor, jobs: readonly Pick<NewJob, 'ref' | 'lane'>[], now: number): Promise<Map<string, Waiting>>;
}

/**
 * Durable jobs. A lane's jobs run one at a time in the order they came; one that waits for another attempt holds its lane, a dead one
 * does not. A group's jobs wait while they would go over its limits, and no job of another group waits for them.
 */
export interface Queue extends Jobs, Claims, View {}
