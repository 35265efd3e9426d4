import { hash } from 'node:crypto';
import type { Logger } from 'pino';
import { InvalidEvent, PartBroken, TransformError } from '../domain/errors.ts';
import type { Context, Endpoint, Event } from '../domain/event.ts';
import type { Clock } from '../domain/time/clock.ts';
import type { Mapping } from '../mapping/mapping.ts';
import type { Jobs } from '../queue/queue.ts';
import { findKey } from '../store/queries/delivery-keys.ts';
import { insertEvent } from '../store/queries/events.ts';
import type { Store } from '../store/store.ts';
import type { Handshake } from '../verify/verifier.ts';
import { accept } from './accept.ts';
import { answersOf, refusalOf } from './answers.ts';
import { decide, whyNone } from './decide.ts';
import { type Answer, claim, type DeliveryKey, type NewEvent, recorded, repeat } from './once.ts';

/** An authenticated request to a hook, without what authenticated it. */
export interface Request {
  readonly endpoint: Endpoint;
  readonly hook: string;
  readonly headers: Record<string, string>;
  readonly query: Record<string, unknown>;
  readonly body: Buffer;
  /** what could not be read as it was meant: it stands in the event's record */
  readonly notes: readonly string[];
  /** the query as it came, where other bytes could have become the same parameters: keys that name one go by it */
  readonly rawQuery?: string;
  /** the recorded event that is sent through today's mappings again */
  readonly replayOf?: string;
}

export interface EventRequest extends Request {
  /** what the body says */
  readonly payload: unknown;
  /** whether no other body has the same payload: else the keys of the event go by its bytes */
  readonly isExact: boolean;
  /** the mappings that the sender may reach */
  readonly candidates: readonly Mapping[];
  /** why there are none, where the reader should know more than that */
  readonly unknown?: string;
  /** whether a mapping has the hook by name */
  readonly known: boolean;
  /** what tells the delivery from its repetition */
  readonly once?: DeliveryKey | undefined;
}

export interface Receiver {
  readonly store: Store;
  readonly queue: Jobs;
  readonly log: Logger;
  readonly clock: Clock;
}

/**
 * One event, from its payload to its answer: find the mapping, make its actions, store them, answer. What was here before is
 * answered as it was then. Throws StoreError where nothing could be stored.
 */
export async function receive(receiver: Receiver, request: EventRequest): Promise<Answer> {
  const { store, queue } = receiver;
  const { hook, query, headers, body, payload, known, once } = request;
  const received = newEvent(request, receiver);
  const before = once && (await findKey(store.read, received, once.key));
  if (once && before !== undefined)
    return noted(receiver, received, await store.write((tx) => repeat(tx, received, before, once)));

  const now = new Date(received.receivedAt).toISOString();
  const context: Context = { payload, headers, query, path: hook, now, ...bytesOf(request) };
  const decision = decide(request.candidates, context, body);
  const { mapping, misses, problems } = decision;
  const event = { ...received, misses };
  if (!mapping) {
    const detail = known ? whyNone(decision) : (request.unknown ?? 'no mapping has this name');
    const told = known ? nothing : refusalOf(event, 'not-found', answersOf[event.endpoint].unknown(hook));
    return record(receiver, event, { outcome: 'filtered', detail, mapping: null, ...told });
  }

  const about = { mapping: mapping.id };
  try {
    if (problems.length > 0) throw new InvalidEvent('validation failed', problems);
    const acting = mapping.act(context, body, event.id);
    const actions = acting instanceof Promise ? await acting : acting;
    if (!actions || actions.length === 0) {
      const detail = actions ? 'there is nothing in the batch' : 'the transform said null';
      return await record(receiver, event, { ...about, outcome: 'skipped', detail, ...nothing }, once);
    }
    const accepted = await accept(store, queue, { event, context, mapping, actions, once });
    return noted(receiver, event, accepted);
  } catch (error) {
    if (error instanceof InvalidEvent) {
      const detail = [error.message, ...(error.details ?? [])].join('; ');
      const told = refusalOf(event, 'invalid', error.message, error.details);
      return record(receiver, event, { ...about, outcome: 'invalid', detail, ...told });
    }
    if (error instanceof TransformError) {
      const told = refusalOf(event, 'transform', 'the transform of this hook failed; see the event');
      return record(receiver, event, { ...about, outcome: 'failed', detail: error.message, ...told });
    }
    if (error instanceof PartBroken) {
      const told = refusalOf(event, 'not-loaded', 'this hook does not load at present; send it again later');
      const refusal = { ...about, outcome: 'failed', detail: error.message, ...told } as const;
      return { ...(await record(receiver, event, refusal)), broken: mapping.id };
    }
    throw error;
  }
}

/** A handshake asks for an answer and is no event to act on; that it came is recorded. Throws StoreError. */
export async function recordHandshake(
  { store, clock, log }: Receiver,
  request: Request,
  mapping: Mapping,
  answer: Handshake,
): Promise<void> {
  const event = newEvent(request, { store, clock });
  const response = answer.contentType === 'application/json' ? answer.body : JSON.stringify(answer.body);
  await store.write((tx) =>
    insertEvent(tx, {
      ...recorded(event),
      mapping: mapping.id,
      outcome: 'handshake',
      status: answer.status,
      response,
    }),
  );
  log.info({ eventId: event.id, hook: event.hook, mapping: mapping.id }, 'handshake answered');
}

/** Of a request whose sender is known that cannot be read: why, and how it was answered. */
export interface Unreadable extends Pick<Event, 'detail' | 'status'> {
  readonly answer: object;
}

/** Records what came of a sender who is known and could not be read. The body holds no more than its beginning. Throws StoreError. */
export async function recordUnreadable(receiver: Receiver, request: Request, unreadable: Unreadable): Promise<void> {
  const event = newEvent(request, receiver);
  await record(receiver, event, { ...unreadable, outcome: 'unreadable', mapping: null });
}

function newEvent(request: Request, { store, clock }: Pick<Receiver, 'store' | 'clock'>): NewEvent {
  const { endpoint, hook, headers, query, body, notes, replayOf = null } = request;
  return {
    id: store.newId(),
    endpoint,
    hook,
    receivedAt: clock.now(),
    query,
    headers,
    body,
    notes,
    replayOf,
    misses: [],
  };
}

/** How what led to nothing is answered, where the sender did nothing wrong. */
const nothing = { status: 204, answer: null } as const;

/** What keys go by beside the values, where other bytes could have become the same ones. */
function bytesOf({ body, isExact, rawQuery }: EventRequest): Pick<Context, 'bodyHash' | 'queryHash'> {
  return {
    ...(!isExact && { bodyHash: hash('sha256', body) }),
    ...(rawQuery !== undefined && { queryHash: hash('sha256', rawQuery) }),
  };
}

interface Refusal extends Pick<Event, 'outcome' | 'mapping' | 'detail' | 'status'> {
  readonly answer: object | null;
}

/** What led to no action is recorded too, so that nobody has to wonder why nothing happened. */
async function record(receiver: Receiver, event: NewEvent, refusal: Refusal, once?: DeliveryKey): Promise<Answer> {
  const { answer, ...became } = refusal;
  const response = answer && JSON.stringify(answer);
  const answered = await receiver.store.write(async (tx): Promise<Answer> => {
    const before = await claim(tx, event, once);
    if (before !== undefined && once) return repeat(tx, event, before, once);
    await insertEvent(tx, { ...became, ...recorded(event, became.detail), response });
    return { status: became.status, body: answer, outcome: became.outcome };
  });
  return noted(receiver, event, answered);
}

function noted({ log }: Receiver, { id: eventId, hook }: NewEvent, answer: Answer): Answer {
  const { outcome, status } = answer;
  if (outcome === 'accepted') log.debug({ eventId, hook, outcome, status }, 'event accepted');
  // The log has said why: for a part that does not load when it was loaded, for a transform at the call.
  else if (outcome === 'failed') log.debug({ eventId, hook, outcome, status }, 'event failed');
  else log.info({ eventId, hook, outcome, status }, 'event led to no action');
  return answer;
}
