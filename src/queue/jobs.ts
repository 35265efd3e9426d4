import { gatherMs } from '../domain/next-beat.ts';
import { mainSession } from '../domain/run.ts';
import type { NewJob } from './queue.ts';

/** Turns of one session share a lane. */
export function runJob(
  runId: string,
  sessionKey: string,
  runAt: number,
  more: Pick<NewJob, 'once' | 'group' | 'begun' | 'first'> = {},
): NewJob {
  return { kind: 'run', ref: runId, lane: runLane(sessionKey), runAt, ...more };
}

export function runLane(sessionKey: string): string {
  return `session:${sessionKey}`;
}

/** Has main look whether a beat is due; while one waits, another only brings it forward. */
export function heartbeatJob(ref: 'wake' | 'timer', runAt: number): NewJob {
  return { kind: 'heartbeat', ref, lane: runLane(mainSession), runAt, once: 'heartbeat' };
}

/** A heartbeat soon, so that what happens meanwhile is read in the same one. */
export function wakeJob(now: number): NewJob {
  return heartbeatJob('wake', now + gatherMs);
}

/** Replies to one recipient keep their order. */
export function deliverJob(deliveryId: string, channel: string, to: string | null, runAt: number): NewJob {
  return { kind: 'deliver', ref: deliveryId, lane: `deliver:${channel}:${to ?? ''}`, runAt };
}
