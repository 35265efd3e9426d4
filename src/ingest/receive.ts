import type { Logger } from 'pino';
import { InvalidEvent, TransformError } from '../domain/errors.ts';
import type { Context, Event, Outcome } from '../domain/event.ts';
import { newId } from '../domain/id.ts';
import type { Mapping } from '../mapping/mapping.ts';
import type { Queue } from '../queue/queue.ts';
import { insertEvent } from '../store/events.ts';
import type { Store } from '../store/store.ts';
import { accept } from './accept.ts';
import type { Handshake } from './verify/verifier.ts';

/** An authenticated request to a hook, without what authenticated it. */
export interface Request {
  readonly hook: string;
  readonly headers: Record<string, string>;
  readonly query: Record<string, string>;
  readonly body: Buffer;
  /** the recorded event that is sent through today's mappings again */
  readonly replayOf?: string;
}

export interface EventRequest extends Request {
  /** what the body says */
  readonly payload: unknown;
  /** the mappings that the sender may reach */
  readonly candidates: readonly Mapping[];
  /** whether a mapping has the hook by name */
  readonly known: boolean;
}

export interface Answer {
  readonly status: number;
  /** JSON; null: an empty body */
  readonly body: string | null;
  /** what became of it */
  readonly outcome: Outcome;
}

export interface Receiver {
  readonly store: Store;
  readonly queue: Queue;
  readonly log: Logger;
}

/**
 * One event, from its payload to its answer: find the mapping, make its actions, store them, answer.
 * Throws StoreError where nothing could be stored.
 */
export async function receive(receiver: Receiver, request: EventRequest): Promise<Answer> {
  const { store, queue, log } = receiver;
  const { hook, query, headers, body, payload, known } = request;
  const event = newEvent(request);
  const context: Context = { payload, headers, query, path: hook, now: new Date(event.receivedAt).toISOString() };

  const { mapping, misses } = findMapping(request.candidates, context);
  if (!mapping) {
    const detail = known ? misses.join('; ') : 'no mapping has this name';
    const answer = known ? null : refusal(`hook not found: ${hook}`);
    return record(receiver, event, {
      outcome: 'filtered',
      detail,
      mapping: null,
      status: known ? 204 : 404,
      body: answer,
    });
  }

  try {
    const acting = mapping.act(context, body);
    const actions = acting instanceof Promise ? await acting : acting;
    if (!actions || actions.length === 0) {
      const detail = actions ? 'there is nothing in the batch' : 'the transform said null';
      return await record(receiver, event, {
        outcome: 'skipped',
        detail,
        mapping: mapping.id,
        status: 204,
        body: null,
      });
    }
    const accepted = await accept(store, queue, {
      event,
      context,
      mapping,
      actions,
    });
    log.debug({ eventId: event.id, hook, mapping: mapping.id, runIds: accepted.runIds }, 'event accepted');
    return { ...accepted, outcome: 'accepted' };
  } catch (error) {
    if (error instanceof InvalidEvent) {
      const answer = { ...refusal(error.message), ...(error.details ? { details: error.details } : {}) };
      const detail = [error.message, ...(error.details ?? [])].join('; ');
      return record(receiver, event, { outcome: 'invalid', detail, mapping: mapping.id, status: 400, body: answer });
    }
    if (error instanceof TransformError) {
      const answer = refusal('the transform of this hook failed; see the event');
      return record(receiver, event, {
        outcome: 'failed',
        detail: error.message,
        mapping: mapping.id,
        status: 500,
        body: answer,
      });
    }
    throw error;
  }
}

/** A handshake asks for an answer and is no event to act on; that it came is recorded. Throws StoreError. */
export async function recordHandshake(
  { store, log }: Receiver,
  request: Request,
  mapping: Mapping,
  answer: Handshake,
): Promise<void> {
  const event = newEvent(request);
  const response = answer.contentType === 'application/json' ? answer.body : JSON.stringify(answer.body);
  await store.write((tx) =>
    insertEvent(tx, { ...event, mapping: mapping.id, outcome: 'handshake', detail: null, response }),
  );
  log.info({ eventId: event.id, hook: event.hook, mapping: mapping.id }, 'handshake answered');
}

type NewEvent = Omit<Event, 'mapping' | 'outcome' | 'detail' | 'response'>;

function newEvent({ hook, headers, query, body, replayOf }: Request): NewEvent {
  return { id: newId(), hook, receivedAt: Date.now(), query, headers, body, replayOf: replayOf ?? null };
}

/** The first candidate that matches, or why each did not. */
function findMapping(candidates: readonly Mapping[], context: Context): { mapping?: Mapping; misses: string[] } {
  const misses: string[] = [];
  for (const mapping of candidates) {
    const miss = mapping.match(context);
    if (miss === null) return { mapping, misses };
    misses.push(`${mapping.id}: ${miss}`);
  }
  return { misses };
}

interface Refusal {
  readonly outcome: Outcome;
  readonly detail: string;
  readonly mapping: string | null;
  readonly status: number;
  readonly body: Record<string, unknown> | null;
}

/** What led to no action is recorded too, so that nobody has to wonder why nothing happened. */
async function record(
  { store, log }: Receiver,
  event: NewEvent,
  { outcome, detail, mapping, status, body }: Refusal,
): Promise<Answer> {
  const response = body && JSON.stringify({ ...body, eventId: event.id });
  await store.write((tx) => insertEvent(tx, { ...event, mapping, outcome, detail, response }));
  log.info({ eventId: event.id, hook: event.hook, mapping, outcome }, 'event led to no action');
  return { status, body: response, outcome };
}

function refusal(error: string): Record<string, unknown> {
  return { ok: false, error };
}
