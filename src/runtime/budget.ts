import type { Logger } from 'pino';
import type { Models } from '../agent/models.ts';
import type { Budget } from '../agent/settings/money.ts';
import { dayOf, dollars } from '../domain/spending.ts';
import type { Clock } from '../domain/time/clock.ts';
import type { Executor } from '../store/database.ts';
import { costOfDay } from '../store/queries/spending.ts';
import type { RuntimeSettings } from './settings.ts';
import type { Handler } from './worker.ts';

/** Whether the day (UTC) has cost as much as it may. Asks the store only where there is a limit. */
export async function isDaySpent(db: Executor, { perDay }: Budget, now: number): Promise<boolean> {
  return perDay !== undefined && (await costOfDay(db, dayOf(now))) >= perDay;
}

/** Holds back what calls models once the day has cost as much as it may. The log hears of it once, and once when work goes on. */
export function holdAtBudget({
  current,
  clock,
  log,
}: {
  readonly current: () => { readonly config: Pick<RuntimeSettings, 'agents'> };
  readonly clock: Clock;
  readonly log: Logger;
}): NonNullable<Handler['mayBegin']> {
  let held = false;
  return async (tx) => {
    const { budget } = current().config.agents.defaults;
    const isSpent = await isDaySpent(tx, budget, clock.now());
    if (isSpent && !held) {
      const limit = `agents.defaults.budget.perDay (${dollars(budget.perDay ?? 0)})`;
      log.warn(`the budget of the day is spent: runs and heartbeats wait for midnight UTC, or for a larger ${limit}`);
    }
    if (held && !isSpent) log.info('runs and heartbeats go on: there is a budget again');
    held = isSpent;
    return !isSpent;
  };
}

/** For people, where there is a budget, of all or of a mapping (`more`): the models in use whose cost does not count. */
export function budgetWarnings(
  { perRun, perDay }: Budget,
  inUse: readonly string[],
  priceOf: Models['priceOf'],
  more: boolean,
): string[] {
  if (perRun === undefined && perDay === undefined && !more) return [];
  const unpriced = [...new Set(inUse)].filter((model) => priceOf(model) === undefined);
  return unpriced.map((model) => {
    const why = `agents.defaults.budget does not count what ${model} costs: its price is not known`;
    return `${why}; say it in agents.prices`;
  });
}
