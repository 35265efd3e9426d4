import { type Selectable, sql } from 'kysely';
import type { Run, Spending } from '../../domain/run.ts';
import { dayOf } from '../../domain/spending.ts';
import type { Database, Executor } from '../database.ts';
import { dialectOf } from '../dialect.ts';
import { prepared } from '../prepared.ts';

/** What the runs of a mapping spent in a day; those of `heartbeat` are main's own. */
export type DaysSpending = Selectable<Database['spending']>;

/**
 * Adds what an attempt of a run has spent to the totals of the day in which it ended; what used no tokens and is known to cost
 * nothing leaves no trace there. `run` is as the attempt found it.
 */
export async function recordSpending(
  tx: Executor,
  { id, spending: before }: Pick<Run, 'id' | 'spending'>,
  attempt: Spending | null,
  now: number,
): Promise<void> {
  if (!leavesTrace(attempt)) return;
  const { inputTokens, outputTokens, cost, unpricedAnswers } = attempt;
  const isFirst = leavesTrace(before) ? 0 : 1;
  await add(tx, { day: dayOf(now), isFirst, inputTokens, outputTokens, cost, unpricedAnswers, id });
}

function leavesTrace(spending: Spending | null): spending is Spending {
  return spending !== null && spending.inputTokens + spending.outputTokens + spending.unpricedAnswers > 0;
}

type Added = Spending & { readonly day: string; readonly isFirst: 0 | 1; readonly id: string };

// One statement, since this is part of every run: it finds the mapping on the way.
const add = prepared(
  (_, { day, isFirst, inputTokens, outputTokens, cost, unpricedAnswers, id }: Added) => sql`
    insert into spending (day, mapping, runs, input_tokens, output_tokens, cost, unpriced_answers)
    select ${day}, coalesce(events.mapping, runs.hook), ${isFirst}, ${inputTokens}, ${outputTokens}, ${cost}, ${unpricedAnswers}
      from runs left join events on events.id = runs.event_id where runs.id = ${id}
    on conflict (day, mapping) do update set runs = spending.runs + excluded.runs,
      input_tokens = spending.input_tokens + excluded.input_tokens,
      output_tokens = spending.output_tokens + excluded.output_tokens,
      cost = spending.cost + excluded.cost, unpriced_answers = spending.unpriced_answers + excluded.unpriced_answers`,
);

const sumOfDay = prepared(
  (_, { day }: { day: string }) => sql<{ cost: number }>`
    select coalesce(sum(cost), 0) as cost from spending where day = ${day}`,
);

/** What a day has cost so far, as far as prices are known, in US dollars. */
export async function costOfDay(db: Executor, day: string): Promise<number> {
  return (await sumOfDay(db, { day }))[0]?.cost ?? 0;
}

const costOf = prepared((db, { day, mapping }: { day: string; mapping: string }) =>
  db.selectFrom('spending').select('cost').where('day', '=', day).where('mapping', '=', mapping),
);

/** What a mapping has cost in a day so far, as far as prices are known, in US dollars. */
export async function costOfMapping(db: Executor, day: string, mapping: string): Promise<number> {
  return (await costOf(db, { day, mapping }))[0]?.cost ?? 0;
}

const average = prepared(
  (_, { since, mapping }: { since: string; mapping: string }) => sql<{ cost: number | null }>`
    select sum(cost) / nullif(sum(runs), 0) as cost from spending where day >= ${since} and mapping = ${mapping}`,
);

/** What a run of a mapping has cost from a day on, as far as prices are known; null where there was none. */
export async function averageCost(db: Executor, since: string, mapping: string): Promise<number | null> {
  return (await average(db, { since, mapping }))[0]?.cost ?? null;
}

interface RunSize {
  /** of its event as it came, and of its action */
  readonly characters: number;
  /** that it asks for */
  readonly model: string | null;
}

const size = prepared(
  (db, { id }: { id: string }) => sql<RunSize>`
    select length(action_json) + coalesce(length(body), 0) as characters,
        ${dialectOf(db).textIn(sql.ref('actionJson'), 'model')} as model
      from runs left join events on events.id = runs.event_id where runs.id = ${id}`,
);

/** How much a run may have to read, and by which model. */
export async function sizeOfRun(db: Executor, id: string): Promise<RunSize | undefined> {
  return (await size(db, { id }))[0];
}
/** From a day on, the newest day first, and in a day what cost most. */
export function spendingSince(db: Executor, day: string): Promise<DaysSpending[]> {
  return db
    .selectFrom('spending')
    .selectAll()
    .where('day', '>=', day)
    .orderBy('day', 'desc')
    .orderBy('cost', 'desc')
    .orderBy('mapping')
    .execute();
}
