import { type RawBuilder, type Selectable, sql } from 'kysely';
import type { Database, Executor } from '../database.ts';
import { dialectOf } from '../dialect.ts';
import { prepared } from '../prepared.ts';

/** What is known of a session beside its turns, which are runs. */
export type Session = Selectable<Database['sessions']>;

/**
 * Which runs are turns of a session: the completed ones since it was last cleared, but for beats that only acknowledged. Literals,
 * as in the partial index that this uses.
 */
export function isTurnOf(key: string): RawBuilder<boolean> {
  return sql<boolean>`session_key = ${key} and status = 'completed' and acknowledged = 0 and completed_at >= ${clearedAt(key)}`;
}

/** When the session was last cleared, in epoch ms; 0 where it never was. */
export function clearedAt(key: string): RawBuilder<number> {
  return sql<number>`(select coalesce(max(cleared_at), 0) from sessions where key = ${key})`;
}

const upsert = prepared((tx, { key, now }: { key: string; now: number }) =>
  tx
    .insertInto('sessions')
    .values({ key, turns: 1, updatedAt: now, clearedAt: null })
    .onConflict((known) =>
      known.column('key').doUpdateSet((is) => ({
        turns: is('sessions.turns', '+', 1),
        // A clock that was set back must not put it before a turn that it has.
        updatedAt: dialectOf(tx).greatest(sql.ref('sessions.updatedAt'), sql.ref('excluded.updatedAt')),
      })),
    ),
);

/** Part of the transaction that completes a run. */
export async function recordTurn(tx: Executor, key: string, now: number): Promise<void> {
  await upsert(tx, { key, now });
}

export function findSession(db: Executor, key: string): Promise<Session | undefined> {
  return db.selectFrom('sessions').selectAll().where('key', '=', key).executeTakeFirst();
}

/** The one whose latest turn is the newest comes first; `before` is the session to go on from, as it was listed. */
export function listSessions(
  db: Executor,
  { before, limit }: { before?: Pick<Session, 'updatedAt' | 'key'> | undefined; limit: number },
): Promise<Session[]> {
  return db
    .selectFrom('sessions')
    .selectAll()
    .$if(before !== undefined, (query) =>
      query.where(sql<boolean>`(updated_at, key) < (${before?.updatedAt}, ${before?.key})`),
    )
    .orderBy('updatedAt', 'desc')
    .orderBy('key', 'desc')
    .limit(limit)
    .execute();
}

/** One exchange of a session, as people read it. */
export type SessionTurn = Pick<
  Selectable<Database['runs']>,
  'id' | 'name' | 'completedAt' | 'model' | 'prompt' | 'outputText'
>;

/** Of each text of a turn a list has so many characters; the run has it whole. */
const mostOfText = 100_000;

/** The newest turns of a session, oldest first. */
export async function latestTurns(db: Executor, key: string, limit: number): Promise<SessionTurn[]> {
  const turns = await db
    .selectFrom('runs')
    .select(['id', 'name', 'completedAt', 'model'])
    .select(sql<string | null>`substr(prompt, 1, ${mostOfText})`.as('prompt'))
    .select(sql<string | null>`substr(output_text, 1, ${mostOfText})`.as('outputText'))
    .where(isTurnOf(key))
    .orderBy('completedAt', 'desc')
    .orderBy('id', 'desc')
    .limit(limit)
    .execute();
  return turns.reverse();
}

/** The run of the session that is under way; its lane allows one at most. */
export async function runUnderWay(db: Executor, key: string): Promise<string | undefined> {
  const row = await db
    .selectFrom('runs')
    .select('id')
    .where('status', '=', 'running')
    .where('sessionKey', '=', key)
    .executeTakeFirst();
  return row?.id;
}

/** The workflow that goes on in the session. Literals, as in the partial index that this uses. */
export async function openWorkflow(db: Executor, key: string): Promise<string | undefined> {
  const row = await db
    .selectFrom('workflowRuns')
    .select('id')
    .where('sessionKey', '=', key)
    .where(sql<boolean>`status in ('pending', 'running')`)
    .executeTakeFirst();
  return row?.id;
}

/** Takes the turns out of the session; their runs stay. Gives false where there is no such session. */
export async function clearSession(tx: Executor, key: string, now: number): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable('sessions')
    // After its latest turn, also where that ended in this very millisecond.
    .set({ turns: 0, clearedAt: dialectOf(tx).greatest(sql`${now}`, sql`updated_at + 1`) })
    .where('key', '=', key)
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}
