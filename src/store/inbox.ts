import { type Selectable, sql } from 'kysely';
import type { Database, Executor } from './database.ts';
import { preparedInsert } from './prepared.ts';

/** A line in main's inbox, values in place: all of it is data to whoever reads it. */
export type SystemEvent = Selectable<Database['systemEvents']>;
export type NewSystemEvent = Pick<SystemEvent, 'eventId' | 'source' | 'text' | 'mode' | 'createdAt'>;

const insert = preparedInsert('systemEvents', ['eventId', 'source', 'text', 'mode', 'createdAt']);

export function insertSystemEvent(tx: Executor, line: NewSystemEvent): Promise<unknown> {
  return insert(tx, line);
}

/** The lines that no heartbeat has taken, oldest first. */
export function waitingLines(db: Executor, limit: number): Promise<SystemEvent[]> {
  return db
    .selectFrom('systemEvents')
    .selectAll()
    .where('beatId', 'is', null)
    .where('readAt', 'is', null)
    .orderBy('id')
    .limit(limit)
    .execute();
}

/**
 * Whether another heartbeat has to follow one that began at `since` (epoch ms): it left lines behind, or one came meanwhile
 * that wakes main. Lines of mode `next-heartbeat` that came meanwhile wait for the timer.
 */
export async function anotherBeatIsDue(db: Executor, since: number): Promise<boolean> {
  const line = await db
    .selectFrom('systemEvents')
    .select('id')
    .where('beatId', 'is', null)
    .where('readAt', 'is', null)
    .where((is) => is.or([is('mode', '=', 'now'), is('createdAt', '<=', since)]))
    .limit(1)
    .executeTakeFirst();
  return line !== undefined;
}

/** Whether a line waits that wakes main. */
export async function hasWakingLine(db: Executor): Promise<boolean> {
  const line = await db
    .selectFrom('systemEvents')
    .select('id')
    .where('beatId', 'is', null)
    .where('readAt', 'is', null)
    .where('mode', '=', 'now')
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
    .where('readAt', 'is', null)
    .where('id', '<=', upTo)
    .execute();
}

/** What a heartbeat has taken and not yet read, oldest first. */
export function linesOfBeat(db: Executor, beatId: string): Promise<SystemEvent[]> {
  return db
    .selectFrom('systemEvents')
    .selectAll()
    .where('beatId', '=', beatId)
    .where('readAt', 'is', null)
    .orderBy('id')
    .execute();
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
  await tx
    .updateTable('systemEvents')
    .set({ readAt: now })
    .where('beatId', '=', beatId)
    .where('readAt', 'is', null)
    .execute();
}

/** The lines of a heartbeat that failed for good wait for the next one; `suspect` notes that one of them may be why. */
export async function releaseLines(tx: Executor, beatId: string, suspect: boolean): Promise<void> {
  await tx
    .updateTable('systemEvents')
    .set((line) => ({ beatId: null, refusals: line('refusals', '+', suspect ? 1 : 0) }))
    .where('beatId', '=', beatId)
    .where('readAt', 'is', null)
    .execute();
}
