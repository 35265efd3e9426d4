import { sql } from 'kysely';
import { nearestKey } from '../../schema/problem.ts';
import type { Executor } from '../database.ts';

/** So many names are looked through. */
const most = 1000;

/** The name of a hook, or the key of a session, of which something is stored and that is near to one of which nothing is. */
export async function nearName(db: Executor, of: 'hook' | 'session', name: string): Promise<string | undefined> {
  const { rows } = of === 'hook' ? await hooks.execute(db) : await sessions.execute(db);
  return nearestKey(
    name,
    rows.map((row) => row.name),
  );
}

// From name to name by jumps in the index, however many events each has.
const hooks = sql<{ name: string }>`with recursive names (name) as (
    select min(hook) from events union all select (select min(hook) from events where hook > name) from names where name is not null)
  select name from names where name is not null limit ${sql.lit(most)}`;
const sessions = sql<{
  name: string;
}>`select key as name from sessions order by updated_at desc limit ${sql.lit(most)}`;
