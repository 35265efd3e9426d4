import { type Selectable, sql } from 'kysely';
import type { Database, Executor } from '../database.ts';
import { prepared } from '../prepared.ts';

export type Gate = Selectable<Database['gates']>;

const all = prepared((db) => db.selectFrom('gates').selectAll());

/** What is in trouble, by its key; empty while all is well. There are as many rows as providers, servers and paused hooks at most. */
export async function findGates(db: Executor): Promise<ReadonlyMap<string, Gate>> {
  const rows = await all(db, {});
  return new Map(rows.map((gate) => [gate.key, gate]));
}

export async function saveGate(tx: Executor, gate: Gate): Promise<void> {
  await tx
    .insertInto('gates')
    .values(gate)
    .onConflict((known) => known.column('key').doUpdateSet(gate))
    .execute();
}

export async function removeGate(tx: Executor, key: string): Promise<void> {
  await tx.deleteFrom('gates').where('key', '=', key).execute();
}

/** The settings have changed, and with them perhaps what was wrong: each gate that a probe can open gets one at once. */
export async function probeNow(tx: Executor, now: number): Promise<void> {
  await tx
    .updateTable('gates')
    .set({ probeAt: now, probeJob: null })
    .where('probeAt', 'is not', null)
    .where('state', '=', sql.lit('shut'))
    .execute();
}
