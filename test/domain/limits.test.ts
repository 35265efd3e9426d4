import { expect, it } from '@jest/globals';
import { parseRate, ratePattern } from '../../src/domain/limits.ts';

it.each([
  ['1/s', 1, 1000],
  ['10/m', 10, 60_000],
  ['9999/h', 9999, 3_600_000],
  ['10000/d', 10_000, 86_400_000],
])('the rate %s is %i in %i ms', (text, count, spanMs) => {
  expect(text).toMatch(new RegExp(ratePattern));
  expect(parseRate(text)).toEqual({ count, spanMs });
});
