import { expect, it } from '@jest/globals';
import { sinceMs } from '../../../src/domain/time/since.ts';

const now = Date.UTC(2026, 1, 3, 12);

it.each([
  ['2h', now - 2 * 3_600_000],
  ['1d', now - 86_400_000],
  ['1h30m', now - 5_400_000],
  ['99999999w', 0],
  ['2026-02-03', Date.UTC(2026, 1, 3)],
  ['2026-02-03T10:00', Date.UTC(2026, 1, 3, 10)],
  ['2026-02-03T10:00:05Z', Date.UTC(2026, 1, 3, 10, 0, 5)],
  ['2026-02-03T10:00+01:00', Date.UTC(2026, 1, 3, 9)],
])('%s is a time, and without a zone it is UTC', (text, at) => {
  expect(sinceMs(text, now)).toBe(at);
});

it.each([
  '',
  '2',
  '120',
  '1770000000000',
  '2 h',
  '-2h',
  'h',
  'yesterday',
  '2026',
  '2026-02',
  '2026-13-01',
  '2026-02-03 10:00',
])('%j is none', (text) => {
  expect(sinceMs(text, now)).toBeUndefined();
});
