import type { Event } from '../../domain/event.ts';
import type { Executor } from '../database.ts';
import { preparedInsert } from '../prepared.ts';

/** What tells a delivery from its repetition, within its hook. */
export type KeyedEvent = Pick<Event, 'id' | 'endpoint' | 'hook'>;

const insert = preparedInsert('deliveryKeys', ['endpoint', 'hook', 'key', 'eventId']);

/** The event that has the key; undefined where none has. */
export async function findKey(db: Executor, { endpoint, hook }: KeyedEvent, key: string): Promise<string | undefined> {
  const row = await db
    .selectFrom('deliveryKeys')
    .select('eventId')
    .where('endpoint', '=', endpoint)
    .where('hook', '=', hook)
    .where('key', '=', key)
    .executeTakeFirst();
  return row?.eventId;
}

/** Gives the key to an event, unless another has it: then that one is returned. */
export async function claimKey(tx: Executor, event: KeyedEvent, key: string): Promise<string | undefined> {
  const first = await findKey(tx, event, key);
  if (first !== undefined) return first;
  const { id: eventId, endpoint, hook } = event;
  await insert(tx, { endpoint, hook, key, eventId });
  return undefined;
}
