import { hash } from 'node:crypto';
import type { Logger } from 'pino';
import type { Clock } from '../domain/clock.ts';
import { InvalidEvent, PartBroken, TransformError } from '../domain/errors.ts';
import type { Context, Endpoint, Event } from '../domain/event.ts';
import { newId } from '../domain/id.ts';
import type { Mapping } from '../mapping/mapping.ts';
import { createTimeLimit, isCostly, longestMs } from '../mapping/time-limit.ts';
import type { Jobs } from '../queue/queue.ts';
import { findKey } from '../store/queries/delivery-keys.ts';
import { insertEvent } from '../store/queries/events.ts';
import type { Store } from '../store/store.ts';
import type { Handshake } from '../verify/verifier.ts';
import { accept } from './accept.ts';
import { answersOf } from './answers.ts';
import { type Answer, claim, type NewEvent, type Once, recorded, repeat } from './once.ts';

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
  readonly once?: Once | undefined;
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
  const event = newEvent(request, receiver.clock.now());
  const answers = answersOf[event.endpoint];
  const before = once && (await findKey(store.read, event, once.key));
  if (once && before !== undefined)
    return noted(receiver, event, await store.write((tx) => repeat(tx, event, before, once)));

  const now = new Date(event.receivedAt).toISOString();
  const context: Context = { payload, headers, query, path: hook, now, ...bytesOf(request) };
  const { mapping, why, problems } = decide(request.candidates, context, body);
  if (!mapping) {
    const detail = known ? why : (request.unknown ?? 'no mapping has this name');
    const answer = known ? null : answers.refused(answers.unknown(hook), undefined, event.id);
    return record(receiver, event, { outcome: 'filtered', detail, mapping: null, status: known ? 204 : 404, answer });
  }

  const about = { mapping: mapping.id };
  try {
    if (problems.length > 0) throw new InvalidEvent('validation failed', problems);
    const acting = mapping.act(context, body, event.id);
    const actions = acting instanceof Promise ? await acting : acting;
    if (!actions || actions.length === 0) {
      const detail = actions ? 'there is nothing in the batch' : 'the transform said null';
      const skipped = { ...about, outcome: 'skipped', detail, status: 204, answer: null } as const;
      return await record(receiver, event, skipped, once);
    }
    const accepted = await accept(store, queue, { event, context, mapping, actions, once });
    return noted(receiver, event, accepted);
  } catch (error) {
    if (error instanceof InvalidEvent) {
      const detail = [error.message, ...(error.details ?? [])].join('; ');
      const answer = answers.refused(error.message, error.details, event.id);
      return record(receiver, event, { ...about, outcome: 'invalid', detail, status: 400, answer });
    }
    if (error instanceof TransformError) {
      const answer = answers.refused('the transform of this hook failed; see the event', undefined, event.id);
      return record(receiver, event, { ...about, outcome: 'failed', detail: error.message, status: 500, answer });
    }
    if (error instanceof PartBroken) {
      const answer = answers.refused('this hook does not load at present; send it again later', undefined, event.id);
      const refusal = { ...about, outcome: 'failed', detail: error.message, status: 503, answer } as const;
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
  const event = newEvent(request, clock.now());
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
  const event = newEvent(request, receiver.clock.now());
  await record(receiver, event, { ...unreadable, outcome: 'unreadable', mapping: null });
}

function newEvent(request: Request, receivedAt: number): NewEvent {
  const { endpoint, hook, headers, query, body, notes, replayOf = null } = request;
  return { id: newId(), endpoint, hook, receivedAt, query, headers, body, notes, replayOf };
}

/** What keys go by beside the values, where other bytes could have become the same ones. */
function bytesOf({ body, isExact, rawQuery }: EventRequest): Pick<Context, 'bodyHash' | 'queryHash'> {
  return {
    ...(!isExact && { bodyHash: hash('sha256', body) }),
    ...(rawQuery !== undefined && { queryHash: hash('sha256', rawQuery) }),
  };
}

interface Decision {
  /** the first candidate that matches */
  readonly mapping?: Mapping;
  /** why none does */
  readonly why: string;
  /** what its schema says of the payload */
  readonly problems: readonly string[];
}

const timeLimit = createTimeLimit();

/** Finds the mapping by what the owner asks of an event. Patterns and schemas whose time may grow fast have a time limit together. */
function decide(candidates: readonly Mapping[], context: Context, body: Buffer): Decision {
  let at: Mapping | undefined;
  const work = (): Decision => {
    const misses: Missed[] = [];
    for (const mapping of candidates) {
      at = mapping;
      const miss = mapping.match(context);
      if (miss === null) return { mapping, why: '', problems: mapping.check(context.payload) };
      misses.push({ mapping, miss });
    }
    return { why: whyNone(misses, context), problems: [] };
  };
  const growth = Math.max(...candidates.map((mapping) => mapping.growth));
  if (growth <= 1 || !isCostly(growth, sizeOf(context, body))) return work();
  const decided = timeLimit.run(work);
  if (decided || !at) return decided ?? work();
  const tooLong = `its patterns and its schema took longer than ${longestMs} ms on this event, and were broken off`;
  return { mapping: at, why: '', problems: [tooLong] };
}

/** How long a text may be that a pattern looks at: no value is longer than all that came, wherever in the request it stood. */
function sizeOf({ headers, query }: Context, body: Buffer): number {
  return body.length + JSON.stringify([headers, query]).length;
}

/** A mapping that an event is not for, with the clause that failed. */
interface Missed {
  readonly mapping: Mapping;
  readonly miss: string;
}

/** So many mappings are named where none matched. */
const mostNamed = 20;

/** Why none matched: first the mapping that came closest, which is most likely the one that was meant. */
function whyNone(misses: readonly Missed[], context: Context): string {
  const named = misses
    .map((missed) => ({ ...missed, held: missed.mapping.held(context) }))
    .toSorted((a, b) => b.held - a.held)
    .slice(0, mostNamed)
    .map(({ mapping, miss }) => `${mapping.id}: ${miss}`);
  const more = misses.length > mostNamed ? [`and ${misses.length - mostNamed} more`] : [];
  return [...named, ...more].join('; ');
}

interface Refusal extends Pick<Event, 'outcome' | 'mapping' | 'detail' | 'status'> {
  readonly answer: object | null;
}

/** What led to no action is recorded too, so that nobody has to wonder why nothing happened. */
async function record(receiver: Receiver, event: NewEvent, refusal: Refusal, once?: Once): Promise<Answer> {
  const { answer, ...became } = refusal;
  const response = answer && JSON.stringify(answer);
  const answered = await receiver.store.write(async (tx): Promise<Answer> => {
    const before = await claim(tx, event, once);
    if (before !== undefined && once) return repeat(tx, event, before, once);
    await insertEvent(tx, { ...became, ...recorded(event, became.detail), response });
    return { status: became.status, body: response, outcome: became.outcome };
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
