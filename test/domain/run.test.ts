import { describe, expect, it } from '@jest/globals';
import { backoffMs } from '../../src/domain/job.ts';
import { oneLine, summaryOf } from '../../src/domain/run.ts';

describe('one line of a text', () => {
  const cases: [string, string, number, string][] = [
    ['stays as it is where it fits', 'abc', 3, 'abc'],
    ['is cut to the limit, ellipsis included', 'abcd', 3, 'ab…'],
    ['counts characters, not UTF-16 units', '🦊🦊🦊', 3, '🦊🦊🦊'],
    ['never cuts a character in two', '🦊🦊🦊🦊', 3, '🦊🦊…'],
    [
      'has no line breaks and no control characters',
      ' a\r\n\tb\u0000\u001b[31m\u2028c\u2029d\u0085e ',
      99,
      'a b [31m c d e',
    ],
    ['of blanks is empty', ' \n ', 9, ''],
  ];
  it.each(cases)('%s', (_, text, limit, expected) => {
    expect(oneLine(text, limit)).toBe(expected);
  });
});

describe('the summary of a reply', () => {
  const cases: [string, string, string][] = [
    ['is its first line that says something', '\n \n  Paid the bill.\nDetails follow.', 'Paid the bill.'],
    ['is empty where the reply is', ' \n\n', ''],
    ['has at most 200 characters', 'x'.repeat(201), `${'x'.repeat(199)}…`],
    ['may have 200', 'x'.repeat(200), 'x'.repeat(200)],
  ];
  it.each(cases)('%s', (_, reply, expected) => {
    expect(summaryOf(reply)).toBe(expected);
  });
});

describe('the wait before another attempt', () => {
  it.each([
    [1, 0, 2000],
    [2, 0, 4000],
    [3, 0, 8000],
    [4, 0, 16_000],
    [9, 0, 300_000],
    [1000, 0, 300_000],
    [1, 10_000, 10_000],
    [4, 10_000, 16_000],
    [1, 3_600_000, 300_000],
  ])('after attempt %i, asked by the provider to wait %i ms, is %i ms', (attempt, retryAfterMs, expected) => {
    expect(backoffMs(attempt, retryAfterMs)).toBe(expected);
  });
});
