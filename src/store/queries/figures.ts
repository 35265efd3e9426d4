import { sql } from 'kysely';
import type { Executor } from '../database.ts';

/** The nouns whose rows are counted for the owner, with what tells their order. */
const counted = {
  events: 'id',
  runs: 'id',
  workflowRuns: 'id',
  deliveries: 'id',
  systemEvents: 'id',
} as const;
export type CountedNoun = keyof typeof counted;

/** So many rows are counted in one go: a few ms. */
const countAtOnce = 20_000;

/** How many rows there are of a noun; in slices, so that nobody waits for it. `pause` is awaited between two. */
export async function countRows(db: Executor, noun: CountedNoun, pause: () => Promise<unknown>): Promise<number> {
  let count = 0;
  for (let last: string | number | null = noun === 'systemEvents' ? 0 : ''; last !== null; ) {
    const slice: Slice | undefined = await sliceAfter(db, noun, last);
    count += slice?.count ?? 0;
    // Fewer are the end: what comes meanwhile would have it go on for ever.
    last = slice?.count === countAtOnce ? slice.last : null;
    await pause();
  }
  return count;
}

interface Slice {
  readonly count: number;
  readonly last: string | number | null;
}

async function sliceAfter(db: Executor, noun: CountedNoun, last: string | number): Promise<Slice | undefined> {
  const key = sql.ref(counted[noun]);
  const { rows } = await sql<Slice>`select count(*) as count, max(${key}) as last
    from (select ${key} from ${sql.table(noun)} where ${key} > ${last} order by ${key} limit ${countAtOnce}) as slice`.execute(
    db,
  );
  return rows[0];
}

/** When the oldest event or run came that there is, in epoch ms. */
export async function findOldest(db: Executor): Promise<number | undefined> {
  const { rows } = await sql<{ at: number | null }>`select min(at) as at from (
    select at from (select received_at as at from events order by id limit 1) as first_event
    union all select at from (select created_at as at from runs order by id limit 1) as first_run) as firsts`.execute(
    db,
  );
  return rows[0]?.at ?? undefined;
}

/** How many rows were removed of each noun, and when last, in epoch ms: 0 where none ever was. */
export async function findRemoved(db: Executor): Promise<{ noun: string; rows: number; at: number }[]> {
  const rows = await db.selectFrom('removed').selectAll().execute();
  return removedNouns.map((noun) => rows.find((row) => row.noun === noun) ?? { noun, rows: 0, at: 0 });
}

const removedNouns = ['event', 'run', 'workflow', 'line', 'key'];
