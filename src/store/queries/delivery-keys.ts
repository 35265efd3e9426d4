import type { Event } from '../../domain/event.ts';
import type { Executor } from '../database.ts';
import { prepared } from '../prepared.ts';

/** What tells a delivery from its repetition, within its hook. */
export type KeyedEvent = Pick<Event, 'id' | 'endpoint' | 'hook'>;

type Key = Omit<KeyedEvent, 'id'> & { readonly key: string };

const find = prepared((db, { endpoint, hook, key }: Key) =>
  db
    .selectFrom('deliveryKeys')
    .select('eventId')
    .where('endpoint', '=', endpoint)
    .where('hook', '=', hook)
    .where('key', '=', key),
);

const take = prepared((tx, { eventId, endpoint, hook, key }: Key & { readonly eventId: string }) =>
  tx
    .insertInto('deliveryKeys')
    .values({ endpoint, hook, key, eventId })
    .onConflict((known) => known.columns(['endpoint', 'hook', 'key']).doNothing())
    .returning('eventId'),
);

/** The event that has the key; undefined where none has. */
export async function findKey(db: Executor, { endpoint, hook }: KeyedEvent, key: string): Promise<string | undefined> {
  return (await find(db, { endpoint, hook, key }))[0]?.eventId;
}

/** Gives the key to an event, unless another has it: then that one is returned. */
export async function claimKey(tx: Executor, event: KeyedEvent, key: string): Promise<string | undefined> {
  const { id: eventId, endpoint, hook } = event;
  const taken = await take(tx, { eventId, endpoint, hook, key });
  return taken.length > 0 ? undefined : findKey(tx, event, key);
}
