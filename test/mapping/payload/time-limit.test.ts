import { describe, expect, it } from '@jest/globals';
import { createTimeLimit, growthOf, isCostly } from '../../../src/mapping/payload/time-limit.ts';

describe('a time limit', () => {
  const { run } = createTimeLimit();

  it('gives what the work gives, also within another', () => {
    expect(run(() => run(() => 7))).toBe(7);
  });

  it('throws what the work throws, and goes on working', () => {
    const error = new Error('no');
    expect(() =>
      run(() => {
        throw error;
      }),
    ).toThrow(error);
    expect(run(() => 1)).toBe(1);
  });

  it.each([
    ['a pattern in a pattern', () => /^(\w+\s?)*$/.test(`${'a'.repeat(50)}!`)],
    ['a pattern over a long text', () => /[\w.+-]+@example\.com$/.test('a'.repeat(300_000))],
    [
      'a loop without an end',
      () => {
        for (;;);
      },
    ],
  ])('breaks off %s', (_, work) => {
    expect(run(work)).toBeUndefined();
    expect(run(() => 1)).toBe(1);
  });
});

describe('the growth of a pattern', () => {
  it.each([
    ['^refs/heads/main$', 1],
    ['(?:opened|closed)', 1],
    ['\\*\\+\\{', 1],
    ['[*+?{]', 1],
    ['\\p{L}x', 1],
    ['^v\\d+', 2],
    ['[\\w.+-]+@example\\.com$', 2],
    ['a.*b.*c', 3],
    ['a{2,}', 2],
    ['^(\\w+\\s?)*$', Number.POSITIVE_INFINITY],
    ['(a|a)+', Number.POSITIVE_INFINITY],
    ['(?:x{1,5}){1,9}', Number.POSITIVE_INFINITY],
    ['(a)\\1', Number.POSITIVE_INFINITY],
    ['(?<q>a)\\k<q>', Number.POSITIVE_INFINITY],
  ])('%s is %d', (pattern, growth) => {
    expect(growthOf(pattern)).toBe(growth);
  });

  it('counts by the length of what it looks at', () => {
    expect(isCostly(1, 262_144)).toBe(false);
    expect(isCostly(2, 1000)).toBe(false);
    expect(isCostly(2, 2000)).toBe(true);
    for (const length of [0, 1, 2]) expect(isCostly(Number.POSITIVE_INFINITY, length)).toBe(true);
    for (const length of [0, 1]) expect(isCostly(21, length)).toBe(true);
  });
});
