import type { Reply, Turn } from '../agent/agent.ts';
import type { Models, ReadyAgent } from '../agent/models.ts';
import { TurnError } from '../domain/errors.ts';
import type { Run, Usage } from '../domain/run.ts';
import { costOf, dollars, type Spending } from '../domain/spending.ts';

/** What an attempt spends, on top of what the run has spent before. */
export interface Account {
  /** Counts what a model (provider/model) has used. */
  add(model: string, usage: Usage): void;
  /** Why no model may be asked any more; undefined while one may. */
  overBudget(): TurnError | undefined;
  /** of all attempts, as the record of the run has it */
  ofRun(): Pick<Run, 'usage' | 'cost'>;
  /** of this attempt alone, for the totals */
  ofAttempt(): Spending;
}

/**
 * @param perRun US dollars that the run may cost; undefined for any sum
 * @param onUsage told of all that is counted; a cost of null is one that is not known
 */
export function openAccount(
  run: Pick<Run, 'usage' | 'cost'>,
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
  let { usage, cost } = run;
  let attempt: Spending = { inputTokens: 0, outputTokens: 0, cost: 0, unpricedTokens: 0 };
  return {
    add(model, used) {
      const paid = costOf(used, priceOf(model));
      // One unknown part makes the whole unknown.
      if (usage === null) cost = paid;
      else cost = cost === null || paid === null ? null : cost + paid;
      usage = sum(usage ?? nothing, used);
      const tokens = used.inputTokens + used.outputTokens;
      attempt = {
        ...sum(attempt, used),
        cost: attempt.cost + (paid ?? 0),
        unpricedTokens: attempt.unpricedTokens + (paid === null ? tokens : 0),
      };
      onUsage(used, paid);
    },
    overBudget() {
      // Of a run that also used what has no price, as much as is known.
      const known = cost ?? (run.cost ?? 0) + attempt.cost;
      if (known <= perRun) return undefined;
      const limit = `more than agents.defaults.budget.perRun (${dollars(perRun)}) allows`;
      return new TurnError('budget', `the run has cost ${dollars(known)}, ${limit}`);
    },
    ofRun: () => ({ usage, cost }),
    ofAttempt: () => attempt,
  };
}

/** Asks for a turn, and counts each answer as it comes. Throws a `TurnError` where the budget of the run does not let it go on. */
export async function askOnAccount(
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

const nothing: Usage = { inputTokens: 0, outputTokens: 0 };

function sum(one: Usage, other: Usage): Usage {
  return {
    inputTokens: one.inputTokens + other.inputTokens,
    outputTokens: one.outputTokens + other.outputTokens,
  };
}
