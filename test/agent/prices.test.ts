import { expect, it } from '@jest/globals';
import { createPrices } from '../../src/agent/prices.ts';
import { ConfigError } from '../../src/domain/errors.ts';
import { costOf, dayOf, dollars } from '../../src/domain/spending.ts';

const asWritten = (name: string) => name;

it.each([
  ['anthropic/claude-haiku-5-5', 0.1, 0.5],
  ['anthropic/claude-sonnet-5-5', 2, 10],
  ['anthropic/claude-opus-5-5', 4, 20],
])('%s costs %d and %d dollars for a million tokens', (model, input, output) => {
  expect(createPrices({}, asWritten).get(model)).toEqual({ input, output });
});

it('prices of the config add to those we know and go before them, under aliases and old names, too', () => {
  const names: Record<string, string> = { quick: 'anthropic/claude-haiku-5-5' };
  const own = {
    quick: { input: 0.05, output: 0.25 },
    'anthropic/claude-3-opus': { input: 3, output: 15 },
    'ollama/qwen3:8b': { input: 0, output: 0 },
  };
  const prices = createPrices(own, (name) => names[name] ?? name);
  expect(prices.get('anthropic/claude-haiku-5-5')).toBe(own.quick);
  expect(prices.get('anthropic/claude-opus-5-5')).toBe(own['anthropic/claude-3-opus']);
  expect(prices.get('ollama/qwen3:8b')).toBe(own['ollama/qwen3:8b']);
  expect(prices.get('anthropic/claude-sonnet-5-5')).toEqual({ input: 2, output: 10 });
  expect(prices.get('openai/gpt-6.1-sol')).toBeUndefined();
});

it('a price for what is no model is refused', () => {
  const resolve = (name: string) => {
    throw new Error(`"${name}" is no model`);
  };
  const make = () => createPrices({ cheap: { input: 1, output: 1 } }, resolve);
  expect(make).toThrow(ConfigError);
  expect(make).toThrow('agents.prices["cheap"]: "cheap" is no model');
});

it('what an answer costs is not known without a price, nor where its server does not say its tokens', () => {
  const usage = { inputTokens: 500_000, outputTokens: 100_000 };
  expect(costOf(usage, { input: 2, output: 10 })).toBe(2);
  expect(costOf(usage, { input: 0, output: 0 })).toBe(0);
  expect(costOf(usage, undefined)).toBeNull();
  const untold = { inputTokens: 0, outputTokens: 0 };
  expect(costOf(untold, { input: 2, output: 10 })).toBeNull();
  expect(costOf(untold, { input: 0, output: 0 })).toBe(0);
});

it('a day is one in UTC', () => {
  expect(dayOf(Date.parse('2026-02-03T23:59:59.999Z'))).toBe('2026-02-03');
  expect(dayOf(Date.parse('2026-02-04T01:00:00+02:00'))).toBe('2026-02-03');
});

it.each([
  [0, '$0.00'],
  [0.00002, 'less than $0.0001'],
  [0.00421, '$0.0042'],
  [12.3, '$12.30'],
])('%d dollars read %s', (cost, text) => {
  expect(dollars(cost)).toBe(text);
});
