import { type Static, Type } from 'typebox';
import type { DaysSpending } from '../../store/queries/spending.ts';
import { rounded } from './money.ts';
import { cost, count, orNull } from './shape.ts';

const total = {
  runs: count,
  inputTokens: count,
  outputTokens: count,
  cost,
  unpricedAnswers: Type.Integer({ minimum: 0, description: 'Answers of which nobody knows what they cost.' }),
};

export const costsSchema = Type.Object({
  days: Type.Array(
    Type.Object({
      day: Type.String({ description: 'In UTC: `2026-02-03`.' }),
      ...total,
      mappings: Type.Array(Type.Object({ mapping: Type.String(), ...total })),
    }),
  ),
  total: Type.Object(total),
  budget: Type.Object({
    perRun: orNull(Type.Number()),
    perDay: orNull(Type.Number()),
    isDaySpent: Type.Boolean(),
  }),
});

/** What was spent, the newest day first, and in each day what cost most. */
export function costsView(
  rows: readonly DaysSpending[],
  { perRun, perDay, isDaySpent }: { perRun?: number; perDay?: number; isDaySpent: boolean },
): Static<typeof costsSchema> {
  const days = [...Map.groupBy(rows, ({ day }) => day)].map(([day, ofDay]) => ({
    day,
    ...totalOf(ofDay),
    mappings: ofDay.map((row) => ({ mapping: row.mapping, ...totalOf([row]) })),
  }));
  return { days, total: totalOf(rows), budget: { perRun: perRun ?? null, perDay: perDay ?? null, isDaySpent } };
}

function totalOf(rows: readonly DaysSpending[]) {
  const sum = (of: Exclude<keyof DaysSpending, 'day' | 'mapping'>) => rows.reduce((sum, row) => sum + row[of], 0);
  const [cost, unpricedAnswers] = [sum('cost'), sum('unpricedAnswers')];
  return {
    runs: sum('runs'),
    inputTokens: sum('inputTokens'),
    outputTokens: sum('outputTokens'),
    cost: cost === 0 && unpricedAnswers > 0 ? null : rounded(cost),
    unpricedAnswers,
  };
}
