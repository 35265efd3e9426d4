/** What a queued unit does. */
export type JobKind = 'run' | 'heartbeat' | 'deliver';

/** A queued unit, as a worker holds it. `attempt` counts from 1 and was stored before the work began. */
export interface Job {
  readonly id: number;
  readonly kind: JobKind;
  /** id of the run or delivery; for a heartbeat, what asked for it */
  readonly ref: string;
  /** jobs of one lane never overlap and keep their order */
  readonly lane: string;
  readonly attempt: number;
  /** how the attempt before it failed; null for the first */
  readonly error: string | null;
  /** how many attempts before it do not count: what they needed was in trouble, for all */
  readonly uncounted: number;
  /** the gate at which it has waited last */
  readonly lastGate: string | null;
  /** until when it waits at a gate that may never open, in epoch ms; null where it has not waited at one, or waits for ever */
  readonly giveUpAt: number | null;
}

export const maxAttempts = 5;

/** Which of the attempts that count this one is, from 1. */
export function countedAttempt({ attempt, uncounted }: Pick<Job, 'attempt' | 'uncounted'>): number {
  return attempt - uncounted;
}
/** A worker's claim on a job, in ms; renewed while the work goes on. */
export const leaseMs = 30_000;

/** Milliseconds to wait after the given attempt: 2 s doubling to at most 5 min; a provider's own wish (Retry-After) counts if longer. */
export function backoffMs(attempt: number, retryAfterMs = 0): number {
  const limit = 300_000;
  return Math.min(limit, Math.max(2000 * 2 ** (attempt - 1), retryAfterMs));
}
