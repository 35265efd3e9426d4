import type { Spending, Usage } from './run.ts';

/** US dollars for a million tokens. */
export interface Price {
  readonly input: number;
  readonly output: number;
}

/**
 * In US dollars; null where it is not known, which is not the same as nothing: without a price, and where an answer has a price
 * and no tokens, since then the server does not say how many there were.
 */
export function costOf({ inputTokens, outputTokens }: Usage, price: Price | undefined): number | null {
  const isFree = price?.input === 0 && price.output === 0;
  if (!price || (inputTokens + outputTokens === 0 && !isFree)) return null;
  return (inputTokens * price.input + outputTokens * price.output) / 1_000_000;
}

/** Both together; null where there is neither. */
export function sumOf(one: Spending | null, other: Spending | null): Spending | null {
  if (!one || !other) return one ?? other;
  return {
    inputTokens: one.inputTokens + other.inputTokens,
    outputTokens: one.outputTokens + other.outputTokens,
    cost: one.cost + other.cost,
    unpricedAnswers: one.unpricedAnswers + other.unpricedAnswers,
  };
}

/** The day of a time in epoch ms, in UTC: `2026-02-03`. */
export function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}

/** An amount for people: `$12.30`, `$0.0042`. */
export function dollars(cost: number): string {
  if (cost > 0 && cost < 0.0001) return 'less than $0.0001';
  return `$${cost.toFixed(cost < 1 && cost > 0 ? 4 : 2)}`;
}
