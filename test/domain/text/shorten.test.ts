import { expect, it } from '@jest/globals';
import { shorten } from '../../../src/domain/text/shorten.ts';

it('cuts a text to so many characters, the last of which says so', () => {
  expect(shorten('abcdef', 6)).toBe('abcdef');
  expect(shorten('abcdefg', 6)).toBe('abcde…');
});

it('never cuts a character in two', () => {
  const text = '😀'.repeat(10);
  for (let limit = 1; limit < 12; limit += 1) {
    const short = shorten(text, limit);
    expect(short.isWellFormed()).toBe(true);
    expect([...short]).toHaveLength(Math.min(limit, 10));
  }
  expect(shorten(text, 10)).toBe(text);
});
