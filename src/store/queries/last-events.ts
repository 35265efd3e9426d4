import { sql } from 'kysely';
import type { Executor } from '../database.ts';
import { dialectOf } from '../dialect.ts';

/** An event of a mapping that expects some was accepted. */
export async function noteEvent(tx: Executor, mapping: string, at: number): Promise<void> {
  await sql`insert into last_events (mapping, at) values (${mapping}, ${at})
    on conflict (mapping) do update set at = ${dialectOf(tx).greatest(sql.ref('lastEvents.at'), sql.ref('excluded.at'))}`.execute(
    tx,
  );
}

/** From now on events of these mappings are expected; one that has been expected before keeps its time. */
export async function expectEvents(tx: Executor, mappings: readonly string[], now: number): Promise<void> {
  for (const mapping of mappings) {
    await sql`insert into last_events (mapping, at) values (${mapping}, ${now}) on conflict (mapping) do nothing`.execute(
      tx,
    );
  }
}

/** When an event of each mapping was last accepted, or first expected, in epoch ms. */
export async function findLastEvents(db: Executor): Promise<ReadonlyMap<string, number>> {
  const rows = await db.selectFrom('lastEvents').selectAll().execute();
  return new Map(rows.map(({ mapping, at }) => [mapping, at]));
}
