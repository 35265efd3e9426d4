import { ConfigError, messageOf } from '../domain/errors.ts';
import type { Price } from '../domain/spending.ts';
import { successorOf } from './aliases.ts';
import type { Prices } from './settings/money.ts';

/** What the vendors ask as of 24 November 2026. Of prices that rise with the length of a prompt it is the lowest. */
const listPrices: readonly (readonly [model: string, Price])[] = [
  ['anthropic/claude-haiku-5-5', { input: 0.1, output: 0.5 }],
  ['anthropic/claude-sonnet-5-5', { input: 2, output: 10 }],
  ['anthropic/claude-opus-5-5', { input: 4, output: 20 }],
];

/**
 * Prices by provider/model: those we know, over which `agents.prices` goes. Throws a `ConfigError` for a key that is no model.
 * @param resolve from what people write to provider/model
 */
export function createPrices(own: Prices, resolve: (name: string) => string): ReadonlyMap<string, Price> {
  const prices = new Map(listPrices);
  const problems: string[] = [];
  for (const [key, price] of Object.entries(own)) {
    try {
      const model = resolve(key);
      prices.set(successorOf(model) ?? model, price);
    } catch (error) {
      problems.push(`agents.prices[${JSON.stringify(key)}]: ${messageOf(error)}`);
    }
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return prices;
}
