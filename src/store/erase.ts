import { sql } from 'kysely';
import type { Executor } from './database.ts';
import { isEventAlone } from './over.ts';
import { prepared } from './prepared.ts';

/** What can be removed by itself; what belongs to it goes with it. */
export type Noun = 'event' | 'run' | 'workflow' | 'line';

export interface Removable {
  readonly noun: Noun;
  readonly id: string;
  /** an event goes only if no run and no workflow refers to it any more, but for the one that goes with it */
  readonly ifAlone?: { readonly butFor: string | null };
}

const keepAnswer = prepared(
  (_, { id }: { id: string }) => sql`insert or ignore into answeredEvents (id, mapping, status, response, bodyHash)
    select id, mapping, status, response, digest(body) || digest(queryJson) from events
      where id = ${id} and exists (select 1 from deliveryKeys where eventId = ${id})`,
);
const removeEvent = prepared((tx, { id }: { id: string }) => tx.deleteFrom('events').where('id', '=', id));
const removeRun = prepared((tx, { id }: { id: string }) => tx.deleteFrom('runs').where('id', '=', id));
const removeSteps = prepared((tx, { id }: { id: string }) => tx.deleteFrom('runs').where('workflowRunId', '=', id));
const removeWorkflow = prepared((tx, { id }: { id: string }) => tx.deleteFrom('workflowRuns').where('id', '=', id));
const removeLine = prepared((tx, { id }: { id: number }) => tx.deleteFrom('systemEvents').where('id', '=', id));

/**
 * Removes one, with all that belongs to it: calls, deliveries and gathered pieces of a run, the lines that a heartbeat has read, the
 * runs of a workflow. What an event with a delivery key was answered is kept with the key. Whether it may be removed was asked before,
 * in the same transaction. Gives how many of each noun went: nothing where it was not there, or not alone.
 */
export async function erase(tx: Executor, { noun, id, ifAlone }: Removable): Promise<ReadonlyMap<Noun, number>> {
  if (noun === 'event' && ifAlone && !(await isEventAlone(tx, id, ifAlone.butFor))) return new Map();
  const lines = noun === 'run' ? ((await countRead(tx, { id }))[0]?.count ?? 0) : 0;
  const before = await changes(tx);
  if (noun === 'event') {
    await keepAnswer(tx, { id });
    await removeEvent(tx, { id });
  } else if (noun === 'run') {
    await removeRun(tx, { id });
  } else if (noun === 'workflow') {
    await removeSteps(tx, { id });
    await removeWorkflow(tx, { id });
  } else {
    await removeLine(tx, { id: Number(id) });
  }
  if ((await changes(tx)) === before) return new Map();
  return new Map<Noun, number>([[noun, 1], ...(lines > 0 ? [['line', lines] as const] : [])]);
}

const countChanges = prepared(() => sql<{ count: number }>`select total_changes() as count`);
const changes = async (tx: Executor) => (await countChanges(tx, {}))[0]?.count ?? 0;
const countRead = prepared(
  (_, { id }: { id: string }) =>
    sql<{ count: number }>`select count(*) as count from systemEvents where beatId = ${id} and readAt is not null`,
);

/** Adds to what was removed so far. */
export async function noteRemoved(tx: Executor, counts: ReadonlyMap<string, number>, now: number): Promise<void> {
  for (const [noun, rows] of counts) {
    await sql`insert into removed (noun, rows, at) values (${noun}, ${rows}, ${now})
      on conflict (noun) do update set rows = rows + excluded.rows, at = excluded.at`.execute(tx);
  }
}

/** Removes delivery keys, what is left of their events, and sums of days from before a time; returns how many rows, a bounded number. */
export async function eraseOldKeys(tx: Executor, firstId: string, firstDay: string, limit: number): Promise<number> {
  const old = sql`(select endpoint, hook, key from deliveryKeys where eventId < ${firstId} order by eventId limit ${limit})`;
  const results = [
    await sql`delete from deliveryKeys where (endpoint, hook, key) in ${old}`.execute(tx),
    await sql`delete from answeredEvents where id in (select id from answeredEvents where id < ${firstId} order by id limit ${limit})
      and not exists (select 1 from deliveryKeys where eventId = answeredEvents.id)`.execute(tx),
    await sql`delete from spending where day < ${firstDay}`.execute(tx),
  ];
  return results.reduce((sum, { numAffectedRows = 0n }) => sum + Number(numAffectedRows), 0);
}
