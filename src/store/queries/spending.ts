import { CompiledQuery, type Selectable } from 'kysely';
import type { Run, Spending } from '../../domain/run.ts';
import { dayOf } from '../../domain/spending.ts';
import type { Database, Executor } from '../database.ts';

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
  const values = [dayOf(now), isFirst, inputTokens, outputTokens, cost, unpricedAnswers, id];
  await tx.executeQuery(CompiledQuery.raw(addSql, values));
}

function leavesTrace(spending: Spending | null): spending is Spending {
  return spending !== null && spending.inputTokens + spending.outputTokens + spending.unpricedAnswers > 0;
}

// Not the query builder: this is part of every run, and finds the mapping on the way.
const addSql = `insert into spending (day, mapping, runs, inputTokens, outputTokens, cost, unpricedAnswers)
  select ?, coalesce(events.mapping, runs.hook), ?, ?, ?, ?, ?
    from runs left join events on events.id = runs.eventId where runs.id = ?
  on conflict (day, mapping) do update set runs = runs + excluded.runs, inputTokens = inputTokens + excluded.inputTokens,
    outputTokens = outputTokens + excluded.outputTokens, cost = cost + excluded.cost,
    unpricedAnswers = unpricedAnswers + excluded.unpricedAnswers`;

/** What a day has cost so far, as far as prices are known, in US dollars. */
export async function costOfDay(db: Executor, day: string): Promise<number> {
  const { rows } = await db.executeQuery<{ cost: number }>(CompiledQuery.raw(costSql, [day]));
  return rows[0]?.cost ?? 0;
}

// As above: asked at each claim where there is a budget.
const costSql = 'select coalesce(sum(cost), 0) as cost from spending where day = ?';

/** What a mapping has cost in a day so far, as far as prices are known, in US dollars. */
export async function costOfMapping(db: Executor, day: string, mapping: string): Promise<number> {
  const { rows } = await db.executeQuery<{ cost: number }>(CompiledQuery.raw(mappingSql, [day, mapping]));
  return rows[0]?.cost ?? 0;
}

const mappingSql = 'select cost from spending where day = ? and mapping = ?';

/** What a run of a mapping has cost from a day on, as far as prices are known; null where there was none. */
export async function averageCost(db: Executor, since: string, mapping: string): Promise<number | null> {
  const { rows } = await db.executeQuery<{ cost: number | null }>(CompiledQuery.raw(averageSql, [since, mapping]));
  return rows[0]?.cost ?? null;
}

const averageSql = 'select sum(cost) / nullif(sum(runs), 0) as cost from spending where day >= ? and mapping = ?';

/** How much a run may have to read, its event as it came and its action, and the model that it asks for. */
export async function sizeOfRun(
  db: Executor,
  id: string,
): Promise<{ characters: number; model: string | null } | undefined> {
  const { rows } = await db.executeQuery<{ characters: number; model: string | null }>(
    CompiledQuery.raw(sizeSql, [id]),
  );
  return rows[0];
}

const sizeSql = `select length(actionJson) + coalesce(length(body), 0) as characters, json_extract(actionJson, '$.model') as model
  from runs left join events on events.id = runs.eventId where runs.id = ?`;

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
