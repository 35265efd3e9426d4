import type { Reply, Turn } from '../../agent/agent.ts';
import { splitModel } from '../../agent/model-names.ts';
import type { Models, ReadyAgent } from '../../agent/models.ts';
import { TurnError } from '../../domain/errors.ts';
import type { Spending, Usage } from '../../domain/run.ts';
import { costOf, dollars, sumOf } from '../../domain/spending.ts';

/** What an attempt spends, on top of what the run has spent before. */
export interface Account {
  /** Counts what a model (provider/model) has used. */
  add(model: string, usage: Usage): void;
  /** Why no model may be asked any more; undefined while one may. */
  overBudget(): TurnError | undefined;
  /** of all attempts, as the record of the run has it */
  ofRun(): Spending | null;
  /** the providers that have answered in this attempt */
  answered(): ReadonlySet<string>;
  /** of this attempt alone, for the totals; null where no model has answered */
  ofAttempt(): Spending | null;
}

/**
 * @param before what the run had spent when the attempt began
 * @param perRun US dollars that the run may cost; undefined for any sum
 * @param onUsage told of all that is counted; a cost of null is one that is not known
 */
export function openAccount(
  before: Spending | null,
  {
    priceOf,
    perRun = Infinity,
    onUsage,
  }: {
    priceOf: Models['priceOf'];
    perRun: number | undefined;
    onUsage: (usage: Usage, cost: number | null) => void;
  },
): Account {
  let attempt: Spending | null = null;
  const answered = new Set<string>();
  const ofRun = () => sumOf(before, attempt);
  return {
    add(model, usage) {
      const cost = costOf(usage, priceOf(model));
      answered.add(splitModel(model)[0]);
      attempt = sumOf(attempt, { ...usage, cost: cost ?? 0, unpricedAnswers: cost === null ? 1 : 0 });
      onUsage(usage, cost);
    },
    overBudget() {
      // Of a run that also used what has no price, as much as is known.
      const known = ofRun()?.cost ?? 0;
      if (known <= perRun) return undefined;
      const limit = `more than agents.defaults.budget.perRun (${dollars(perRun)}) allows`;
      return new TurnError('budget', `the run has cost ${dollars(known)}, ${limit}`);
    },
    ofRun,
    answered: () => answered,
    ofAttempt: () => attempt,
  };
}

/** Asks for a turn, and counts each answer as it comes. Throws a `TurnError` where the budget of the run does not let it go on. */
export async function askAndCount(
  account: Account,
  { agent, name }: Pick<ReadyAgent, 'agent' | 'name'>,
  turn: Omit<Turn, 'onUsage'>,
): Promise<Reply> {
  const before = account.overBudget();
  if (before) throw before;
  let counted = false;
  const onUsage = (usage: Usage) => {
    const over = account.overBudget();
    account.add(name, usage);
    counted = true;
    // The answer before was over the budget, and the model has gone on.
    if (over) throw over;
  };
  const reply = await agent({ ...turn, onUsage });
  // Echo and commands say nothing on the way.
  if (!counted) account.add(name, reply.usage);
  return reply;
}
