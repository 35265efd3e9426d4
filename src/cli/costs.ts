import { dollars } from '../domain/spending.ts';
import type { getCosts } from '../http/api/costs.ts';
import type { AnswerOf } from '../http/api/route.ts';
import { queryString, withClient } from './client.ts';
import type { Cli } from './io.ts';
import { printJson, say, table } from './print.ts';

type Costs = AnswerOf<typeof getCosts>;

/** What was spent, by day and mapping. */
export async function showCosts(cli: Cli, { json, ...filter }: { days: number; json?: boolean }): Promise<void> {
  const answer = await withClient(cli, (client) => client.get<typeof getCosts>(`/costs${queryString(filter)}`));
  if (json) return printJson(cli, answer);
  const { days, total, budget } = answer;
  if (days.length === 0) say(cli, 'nothing was spent');
  else {
    const rows = days.flatMap(({ day, mappings, ...sum }) => [
      ...mappings.map(({ mapping, ...one }) => [day, mapping, ...cells(one)]),
      ...(mappings.length > 1 ? [[day, 'all', ...cells(sum)]] : []),
    ]);
    const all = ['total', '', ...cells(total)];
    say(cli, table(['DAY (UTC)', 'MAPPING', 'RUNS', 'INPUT', 'OUTPUT', 'COST'], [...rows, all]));
  }
  if (budget.isDaySpent) {
    say(cli, `the budget of the day (${dollars(budget.perDay ?? 0)}) is spent: runs and heartbeats wait`);
  }
}

function cells({ runs, inputTokens, outputTokens, cost, unpricedAnswers }: Costs['total']): string[] {
  const known = cost === null ? 'not known' : dollars(cost);
  const answers = unpricedAnswers === 1 ? '1 answer' : `${unpricedAnswers} answers`;
  const more = cost !== null && unpricedAnswers > 0 ? ` and ${answers} of unknown cost` : '';
  return [String(runs), String(inputTokens), String(outputTokens), `${known}${more}`];
}
