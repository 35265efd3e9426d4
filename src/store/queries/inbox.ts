import { type Selectable, sql } from 'kysely';
import type { Database, Executor } from '../database.ts';
import { preparedInsert } from '../prepared.ts';

/** A line in main's inbox, values in place: all of it is data to whoever reads it. */
export type SystemEvent = Selectable<Database['systemEvents']>;
/** Literals, as in the partial index that this uses. */
const isUnread = sql<boolean>`read_at is null and set_aside_at is null`;
export type NewSystemEvent = Pick<SystemEvent, 'eventId' | 'source' | 'text' | 'mode' | 'createdAt'>;

const insert = preparedInsert('systemEvents', ['eventId', 'source', 'text', 'mode', 'createdAt']);

export function insertSystemEvent(tx: Executor, line: NewSystemEvent): Promise<unknown> {
  return insert(tx, line);
}

/** The lines that no heartbeat has taken. `least refused`: those first with which fewer beats failed. */
export function waitingLines(
  db: Executor,
  limit: number,
  order: 'oldest' | 'least refused' = 'oldest',
): Promise<SystemEvent[]> {
  return db
    .selectFrom('systemEvents')
    .selectAll()
    .where('beatId', 'is', null)
    .where(isUnread)
    .$if(order === 'least refused', (query) => query.orderBy('refusals'))
    .orderBy('id')
    .limit(limit)
    .execute();
}

/** When the oldest line came that waits, and the oldest that wakes main, in epoch ms. */
export async function findWaiting(db: Executor): Promise<{ oldest: number | null; wakingSince: number | null }> {
  const waiting = db.selectFrom('systemEvents').select('createdAt').where('beatId', 'is', null).where(isUnread);
  const first = await waiting.orderBy('id').limit(1).executeTakeFirst();
  if (!first) return { oldest: null, wakingSince: null };
  const waking = await waiting.where('mode', '=', 'now').orderBy('id').limit(1).executeTakeFirst();
  return { oldest: first.createdAt, wakingSince: waking?.createdAt ?? null };
}

export async function countWaiting(db: Executor): Promise<number> {
  const { count } = await db
    .selectFrom('systemEvents')
    .select(db.fn.countAll<number>().as('count'))
    .where('beatId', 'is', null)
    .where(isUnread)
    .executeTakeFirstOrThrow();
  return count;
}

/** Whether one of the lines up to an id still waits. */
export async function linesWaitUpTo(db: Executor, id: number): Promise<boolean> {
  const line = await db
    .selectFrom('systemEvents')
    .select('id')
    .where('beatId', 'is', null)
    .where(isUnread)
    .where('id', '<=', id)
    .limit(1)
    .executeTakeFirst();
  return line !== undefined;
}

/** Gives the waiting lines up to an id to a heartbeat. */
export async function takeLines(tx: Executor, upTo: number, beatId: string): Promise<void> {
  await tx
    .updateTable('systemEvents')
    .set({ beatId })
    .where('beatId', 'is', null)
    .where(isUnread)
    .where('id', '<=', upTo)
    .execute();
}

/** Gives one line to a heartbeat. */
export async function takeLine(tx: Executor, id: number, beatId: string): Promise<void> {
  await tx.updateTable('systemEvents').set({ beatId }).where('id', '=', id).execute();
}

/** The model answers every other line, and not this one: it is kept, and read by no beat. */
export async function setLineAside(tx: Executor, id: number, now: number): Promise<void> {
  await tx.updateTable('systemEvents').set({ setAsideAt: now }).where('id', '=', id).execute();
}

/** The lines that were set aside after a time, newest first. */
export function linesSetAside(db: Executor, since: number, limit: number): Promise<SystemEvent[]> {
  return db
    .selectFrom('systemEvents')
    .selectAll()
    .where('setAsideAt', '>', since)
    .orderBy('setAsideAt', 'desc')
    .limit(limit)
    .execute();
}

/** What a heartbeat has taken and not yet read, oldest first. */
export function linesOfBeat(db: Executor, beatId: string): Promise<SystemEvent[]> {
  return db.selectFrom('systemEvents').selectAll().where('beatId', '=', beatId).where(isUnread).orderBy('id').execute();
}

/** The newest lines that the heartbeats have read, newest first, with at most `characters` of each. */
export async function linesReadBy(
  db: Executor,
  beatIds: readonly string[],
  limit: number,
  characters: number,
): Promise<(Pick<SystemEvent, 'source' | 'text' | 'createdAt'> & { beatId: string | null })[]> {
  if (beatIds.length === 0) return [];
  return db
    .selectFrom('systemEvents')
    .select(['beatId', 'source', 'createdAt', sql<string>`substr(text, 1, ${characters})`.as('text')])
    .where('beatId', 'in', [...beatIds])
    .where('readAt', 'is not', null)
    .orderBy('id', 'desc')
    .limit(limit)
    .execute();
}

export async function markLinesRead(tx: Executor, beatId: string, now: number): Promise<void> {
  await tx.updateTable('systemEvents').set({ readAt: now }).where('beatId', '=', beatId).where(isUnread).execute();
}

/** The lines of a heartbeat that failed for good wait for the next one; `refused` notes that it failed with nothing else. */
export async function releaseLines(tx: Executor, beatId: string, refused: boolean): Promise<void> {
  await tx
    .updateTable('systemEvents')
    .set((line) => ({ beatId: null, refusals: line('refusals', '+', refused ? 1 : 0) }))
    .where('beatId', '=', beatId)
    .where(isUnread)
    .execute();
}
