import { type Selectable, sql } from 'kysely';
import { isMeant } from '../../domain/delivery.ts';
import { firstIdAt } from '../../domain/id.ts';
import type { Database, Executor } from '../database.ts';
import { prepared, preparedInsert } from '../prepared.ts';

/** A reply or a ping sent, to be sent, or not sent, through a channel. Its text is the run's `outputText` unless it has its own. */
export type Delivery = Selectable<Database['deliveries']>;

export const insertDelivery = preparedInsert('deliveries', [
  'id',
  'runId',
  'kind',
  'sessionKey',
  'channel',
  'to',
  'text',
  'status',
  'error',
  'createdAt',
]);

const find = prepared((db, { id }: { id: string }) => db.selectFrom('deliveries').selectAll().where('id', '=', id));

export async function findDelivery(db: Executor, id: string): Promise<Delivery | undefined> {
  const [row] = await find(db, { id });
  return row;
}

export async function updateDelivery(
  tx: Executor,
  id: string,
  change: Partial<Pick<Delivery, 'status' | 'error' | 'attempts' | 'completedAt' | 'messageId' | 'maybeTwice'>>,
): Promise<void> {
  await tx.updateTable('deliveries').set(change).where('id', '=', id).execute();
}

/** The newest delivery of a reply of each of the runs. */
export async function deliveriesOf(db: Executor, runIds: readonly string[]): Promise<Map<string, Delivery>> {
  if (runIds.length === 0) return new Map();
  const rows = await db
    .selectFrom('deliveries')
    .selectAll()
    .where('runId', 'in', [...runIds])
    .where('kind', '=', 'reply')
    .orderBy('id')
    .execute();
  return new Map(rows.map((row) => [row.runId, row]));
}

/** What a run had the owner told, oldest first. */
export function pingsOf(db: Executor, runId: string): Promise<Delivery[]> {
  return db
    .selectFrom('deliveries')
    .selectAll()
    .where('runId', '=', runId)
    .where('kind', '=', 'ping')
    .orderBy('id')
    .execute();
}

/** Whether any of the runs had the owner told something. */
export async function havePinged(db: Executor, runIds: readonly string[]): Promise<boolean> {
  const row = await db
    .selectFrom('deliveries')
    .select('id')
    .where('runId', 'in', [...runIds])
    .where('kind', '=', 'ping')
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

const findLastOfMain = prepared((db) =>
  db
    .selectFrom('deliveries')
    .select(['channel', 'to'])
    // Literals, as in the partial index that this uses.
    .where(sql<boolean>`session_key = 'main' and status = 'sent'`)
    .orderBy('completedAt', 'desc')
    .limit(1),
);

/** Where main's own latest delivery went: the route that `last` means. */
export async function lastRouteOfMain(db: Executor): Promise<{ channel: string; to?: string } | undefined> {
  const [row] = await findLastOfMain(db, {});
  return row && { channel: row.channel, ...(row.to === null ? {} : { to: row.to }) };
}

/** No more of the newest are looked at, since this is asked all day long. */
const mostLookedAt = 1000;

/** How the newest deliveries since a time ended, newest first; without those that were not meant to be sent. */
export async function recentOutcomes(
  db: Executor,
  since: number,
  limit: number,
): Promise<Pick<Delivery, 'status' | 'channel' | 'error'>[]> {
  const newest = await db
    .selectFrom('deliveries')
    .select(['status', 'channel', 'error'])
    // By the time in its id, for which there is an index.
    .where('id', '>', firstIdAt(since))
    .orderBy('id', 'desc')
    .limit(mostLookedAt)
    .execute();
  return newest.filter(({ status, error }) => status !== 'pending' && isMeant(error)).slice(0, limit);
}
