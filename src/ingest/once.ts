import { hash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { Event } from '../domain/event.ts';
import type { Executor } from '../store/database.ts';
import { findAnswered } from '../store/queries/answered-events.ts';
import { claimKey, type KeyedEvent } from '../store/queries/delivery-keys.ts';
import { insertEvent } from '../store/queries/events.ts';
import type { Identity } from '../verify/verifier.ts';
import { refusalOf, type Started, startedIn } from './answers.ts';

/** What a delivery and its repetitions have in common, and no other delivery to the hook. */
export interface DeliveryKey {
  readonly key: string;
  /** a repetition has to have the same body and query: the sender may have used the key a second time by mistake */
  readonly sameRequest: boolean;
}

/** A request that is about to be recorded: what became of it is not known yet. */
export interface NewEvent extends Omit<Event, 'mapping' | 'outcome' | 'detail' | 'status' | 'response'> {
  /** what in it could not be read as it was meant */
  readonly notes: readonly string[];
}

/** What of an event is recorded in any case; its detail ends with what could not be read. */
export function recorded({ notes, ...event }: NewEvent, detail: string | null = null) {
  return { ...event, detail: [...(detail === null ? [] : [detail]), ...notes].join('; ') || null };
}

export interface Answer {
  /** the id of the mapping that took the event and does not load */
  readonly broken?: string;
  readonly status: number;
  /** what is sent as JSON; null: an empty body */
  readonly body: object | null;
  /** what it had begun; of a repetition, what the first delivery had */
  readonly started?: Started;
  /** what became of it */
  readonly outcome: Event['outcome'];
}

const longestKey = 256;

/**
 * What a caller with the hook token says of it: `Idempotency-Key`; a text says what is wrong with that.
 * @param rawQuery the query as it came, where the event cannot tell it from others
 */
export function onceByHeader(
  headers: IncomingHttpHeaders,
  rawQuery: string | undefined,
): DeliveryKey | string | undefined {
  const key = headers['idempotency-key'];
  if (typeof key !== 'string' || key === '') return undefined;
  if (key.length > longestKey) {
    return `Idempotency-Key has ${key.length} characters; at most ${longestKey} are taken`;
  }
  const query = rawQuery === undefined ? [] : [hash('sha256', rawQuery)];
  return { key: listKey('request', key, ...query), sameRequest: true };
}

/**
 * What a scheme says of a delivery. An id is unique only to who signed it, and one that is not signed could be put on another body.
 * @param signer of the proof
 * @param isRead whether the whole body could be read as it was meant; else the id in it may not be what was sent
 */
export function onceByDelivery(
  signer: string,
  identity: Identity,
  { body, isRead }: { readonly body: Buffer; readonly isRead: boolean },
): DeliveryKey | undefined {
  const { deliveryId, idIsSigned, timelessBody = body } = identity;
  if (deliveryId === null) return undefined;
  const bodyHash = idIsSigned && isRead ? [] : [hash('sha256', isRead ? timelessBody : body)];
  return { key: listKey('delivery', signer, deliveryId, ...bodyHash), sameRequest: false };
}

/** What the owner says of it: `dedupeKey` of a mapping. */
export function onceByMapping(mapping: string, dedupeKey: string): DeliveryKey {
  return { key: listKey('mapping', mapping, dedupeKey), sameRequest: false };
}

/** One text for several: no two lists have the same. */
function listKey(...parts: readonly string[]): string {
  const key = JSON.stringify(parts);
  return key.length <= longestKey ? key : hash('sha256', key);
}

/** Gives the keys to an event. Returns the id of the event that had one of them before; undefined where they were free. */
export async function claim(
  tx: Executor,
  event: KeyedEvent,
  once: DeliveryKey | undefined,
): Promise<string | undefined> {
  return once && claimKey(tx, event, once.key);
}

/** Records a repetition, and answers it as the first delivery was answered, also where that one's event is gone since. */
export async function repeat(tx: Executor, event: NewEvent, firstId: string, once: DeliveryKey): Promise<Answer> {
  const first = await findAnswered(tx, firstId);
  if (!first) throw new Error(`event ${firstId} has a delivery key and left no answer`);
  const { mapping, status, response } = first;
  const differs = once.sameRequest ? first.differsIn(event) : null;
  if (differs !== null) {
    const error = `this Idempotency-Key came before with another ${differs}; a new request needs a key of its own`;
    const { status, answer: body } = refusalOf(event, 'key-reused', error);
    const response = JSON.stringify(body);
    const detail = `the Idempotency-Key of event ${firstId}, with another ${differs}`;
    await insertEvent(tx, { ...recorded(event, detail), mapping, outcome: 'invalid', status, response });
    return { status, body, outcome: 'invalid' };
  }
  const detail = `the same as event ${firstId}`;
  // The first has the body; a sender, or whoever has caught his request, may repeat it as often as he likes.
  const bare = { ...recorded(event, detail), body: Buffer.alloc(0) };
  await insertEvent(tx, { ...bare, mapping, outcome: 'duplicate', status, response });
  // The store keeps what was said, which is the one record of it that outlives the event.
  const body: object | null = response === null ? null : JSON.parse(response);
  return { status, body, outcome: 'duplicate', started: startedIn(body) };
}
