import { expect, it } from '@jest/globals';
import { durationMs } from '../../../src/domain/time/duration.ts';

it.each([
  ['250ms', 250],
  ['90s', 90_000],
  ['30m', 1_800_000],
  ['1.5h', 5_400_000],
  ['5', 300_000],
  ['0m', 0],
  ['1h30m', 5_400_000],
  ['1d', 86_400_000],
  ['1.5w', 907_200_000],
  ['1d12h', 129_600_000],
])('%s is %d ms', (text, ms) => {
  expect(durationMs(text)).toBe(ms);
});
