import type { Action } from '../domain/action.ts';
import { type Context, type Event, narrow, resolveIn } from '../domain/event.ts';
import { newId } from '../domain/id.ts';
import { plain } from '../domain/text.ts';
import type { Mapping } from '../mapping/mapping.ts';
import { runJob, wakeJob } from '../queue/jobs.ts';
import type { Queue } from '../queue/queue.ts';
import { insertEvent } from '../store/events.ts';
import { insertSystemEvent, type NewSystemEvent } from '../store/inbox.ts';
import { insertRun, type NewRun } from '../store/runs.ts';
import type { Store } from '../store/store.ts';

/** A request that its mapping turned into actions. */
export interface Acceptance {
  readonly event: Omit<Event, 'outcome' | 'detail' | 'response' | 'mapping'>;
  readonly context: Context;
  readonly mapping: Pick<Mapping, 'id' | 'path' | 'policy'>;
  readonly actions: readonly Action[];
}

export interface Accepted {
  readonly status: 200 | 202;
  /** JSON */
  readonly body: string;
  readonly runIds: readonly string[];
}

/**
 * Stores the event with everything that follows from it in one transaction, and resolves after its commit.
 * Throws StoreError where it cannot: then nothing was accepted.
 */
export async function accept(store: Store, queue: Queue, acceptance: Acceptance): Promise<Accepted> {
  const { event, context, mapping, actions } = acceptance;
  const { policy } = mapping;
  // Not the name in the URL, which anybody may choose where a mapping answers for every hook.
  const hook = mapping.path ?? mapping.id;
  const now = event.receivedAt;
  const runs: NewRun[] = [];
  const lines: NewSystemEvent[] = [];
  for (const action of actions) {
    if (action.kind === 'agent') {
      runs.push({ id: newId(), kind: 'hook', eventId: event.id, hook, action, policy, createdAt: now });
    } else {
      const text = plain(action.text, resolveIn(narrow(context, action.each))).trim();
      lines.push({ eventId: event.id, source: hook, text, mode: action.wakeMode, createdAt: now });
    }
  }
  const accepted = answer(event.id, runs, lines);
  const recorded: Event = {
    ...event,
    mapping: mapping.id,
    outcome: 'accepted',
    detail: null,
    response: accepted.body,
  };

  await store.write(async (tx, afterCommit) => {
    await insertEvent(tx, recorded);
    for (const run of runs) {
      await insertRun(tx, run);
      await queue.enqueue(tx, runJob(run.id, run.action.sessionKey, now), afterCommit);
    }
    for (const line of lines) await insertSystemEvent(tx, line);
    if (lines.some((line) => line.mode === 'now')) await queue.enqueue(tx, wakeJob(now), afterCommit);
  });
  return accepted;
}

function answer(eventId: string, runs: readonly NewRun[], lines: readonly NewSystemEvent[]): Accepted {
  const runIds = runs.map((run) => run.id);
  const [runId] = runIds;
  if (runId === undefined) {
    return { status: 200, body: JSON.stringify({ ok: true, mode: lines[0]?.mode, eventId }), runIds };
  }
  const all = runIds.length > 1 ? { runIds } : {};
  return { status: 202, body: JSON.stringify({ ok: true, runId, ...all, eventId }), runIds };
}
