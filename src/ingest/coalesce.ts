import { hash } from 'node:crypto';
import type { AgentAction } from '../domain/action.ts';
import type { Limits } from '../domain/limits.ts';
import type { Policy } from '../domain/mapping.ts';
import type { Jobs } from '../queue/queue.ts';
import type { Executor } from '../store/database.ts';
import { joinRun } from '../store/queries/run-events.ts';
import type { NewRun } from '../store/queries/runs.ts';

/** A run takes no more events than this, nor more text than one event may have. */
const maxEvents = 100;

/** How an action and others like it become one run. */
export interface Gathering extends Required<Pick<Limits, 'coalesce'>> {
  /** what they have in common */
  readonly key: string;
}

/** A run before it is stored: an event made it. */
export interface RunOfEvent extends NewRun {
  readonly eventId: string;
}

/**
 * The gathering of an action; undefined where it has a run to itself. Actions share one only where one run can do for all: what
 * they ask for is the same but for the message, and so is what their mapping allows, which a reload may have changed.
 */
export function gatheringOf(
  mapping: { readonly id: string; readonly policy: Policy; readonly limits: Limits },
  action: AgentAction,
): Gathering | undefined {
  const { coalesce } = mapping.limits;
  if (!coalesce || !action.coalesce) return undefined;
  const { chars: _, ...same } = action;
  const asked = { ...same, message: null, name: null, each: null, dedupeKey: null, sessionKey: null };
  return { coalesce, key: `coalesce:${hash('sha256', JSON.stringify([mapping.id, mapping.policy, asked]))}` };
}

/**
 * Puts an action into the run that gathers for it, and puts that run off until it is quiet. Returns the run's id; undefined
 * where none gathers, or none any more: then the action's own run does from now on.
 */
export async function join(
  tx: Executor,
  queue: Jobs,
  { key, coalesce }: Gathering,
  { eventId, action, createdAt: now }: RunOfEvent,
): Promise<string | undefined> {
  const runId = await queue.findOnce(tx, key);
  if (runId === undefined) return undefined;
  const { message, each, chars = 0 } = action;
  const joining = { runId, eventId, message, chars, ...(each && { each }) };
  const madeAt = await joinRun(tx, joining, { joined: maxEvents - 1, chars: coalesce.maxChars });
  if (madeAt === undefined) {
    await queue.freeOnce(tx, key);
    return undefined;
  }
  await queue.reschedule(tx, key, dueAt(coalesce, madeAt, now));
  return runId;
}

/** When a run whose first event came at `first` begins, if nothing comes after `now`. Epoch ms. */
export function dueAt({ quietMs, maxMs }: Gathering['coalesce'], first: number, now: number): number {
  return Math.min(first + maxMs, now + quietMs);
}
