import { type Selectable, sql } from 'kysely';
import type { Database, Executor } from '../database.ts';

export type AlarmRow = Selectable<Database['alarms']>;

/** Something that its owner should know: what it is about, a sentence, and what to do. */
export interface Alarm {
  /** such as `provider:anthropic`; of one cause one alarm is open at a time */
  readonly cause: string;
  readonly sentence: string;
  readonly remedy: string;
  /** how often it happened, or how many are concerned */
  readonly count: number;
}

/** An alarm that comes back so soon after its end is the same alarm, in ms. */
const sameWithinMs = 15 * 60_000;
/** So many that are over are kept. */
const mostEnded = 1000;

/** Opens an alarm, or brings the open one of its cause up to date. `count: 'more'` adds one to what it says. */
export async function raiseAlarm(
  tx: Executor,
  { cause, sentence, remedy, count }: Omit<Alarm, 'count'> & { readonly count: number | 'more' },
  now: number,
): Promise<void> {
  const known = await tx
    .selectFrom('alarms')
    .select(['id', 'count'])
    .where('cause', '=', cause)
    .where((is) => is.or([is('endedAt', 'is', null), is('endedAt', '>', now - sameWithinMs)]))
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst();
  const about = { sentence, remedy, lastAt: now };
  if (!known) {
    const first = count === 'more' ? 1 : count;
    await tx
      .insertInto('alarms')
      .values({ cause, ...about, count: first, since: now })
      .execute();
    return;
  }
  const total = count === 'more' ? known.count + 1 : count;
  await tx
    .updateTable('alarms')
    .set({ ...about, count: total, endedAt: null })
    .where('id', '=', known.id)
    .execute();
}

/** Its cause is gone. Does nothing where no alarm of it is open. */
export async function endAlarm(tx: Executor, cause: string, now: number): Promise<void> {
  await tx
    .updateTable('alarms')
    .set({ endedAt: now })
    .where('cause', '=', cause)
    .where('endedAt', 'is', null)
    .execute();
}

export function openAlarms(db: Executor): Promise<AlarmRow[]> {
  return db.selectFrom('alarms').selectAll().where('endedAt', 'is', null).orderBy('id').execute();
}

/** The open ones first, then those that are over, each the newest first. */
export function listAlarms(db: Executor, limit: number): Promise<AlarmRow[]> {
  return db
    .selectFrom('alarms')
    .selectAll()
    .orderBy(sql`ended_at is not null`)
    .orderBy('id', 'desc')
    .limit(limit)
    .execute();
}

/** Those of whose state their owner has not been told. */
export function untoldAlarms(db: Executor): Promise<AlarmRow[]> {
  return db
    .selectFrom('alarms')
    .selectAll()
    .where(sql<boolean>`told is distinct from case when ended_at is null then 'raised' else 'ended' end`)
    .orderBy('id')
    .execute();
}

export async function markTold(tx: Executor, id: number, told: 'raised' | 'ended', now: number): Promise<void> {
  await tx.updateTable('alarms').set({ told, toldAt: now }).where('id', '=', id).execute();
}

/** Forgets the oldest of those that are over. */
export async function forgetAlarms(tx: Executor): Promise<void> {
  const kept = tx
    .selectFrom('alarms')
    .select('id')
    .where('endedAt', 'is not', null)
    .orderBy('id', 'desc')
    .limit(mostEnded);
  await tx.deleteFrom('alarms').where('endedAt', 'is not', null).where('id', 'not in', kept).execute();
}
