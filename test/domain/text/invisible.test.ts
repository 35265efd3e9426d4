import { describe, expect, it } from '@jest/globals';
import { visible, visibleJson } from '../../../src/domain/text/invisible.ts';

const of = (...codes: number[]) => String.fromCodePoint(...codes);

describe('a text that is shown', () => {
  it.each([
    ['a bidi override', of(0x202e)],
    ['a bidi isolate', of(0x2066)],
    ['a direction mark', of(0x200f)],
    ['a zero-width space', of(0x200b)],
    ['a joiner between letters', of(0x200d)],
    ['a soft hyphen', of(0xad)],
    ['a byte order mark', of(0xfeff)],
    ['a tag letter', of(0xe0041)],
    ['a variation selector of letters', of(0xe0101)],
    ['a filler that looks like nothing', of(0x3164)],
  ])('is without %s', (_, character) => {
    expect(visible(`a${character}b`)).toBe('ab');
    expect(JSON.parse(visibleJson(JSON.stringify(`a${character}b`)))).toBe(`a${character}b`);
    expect(visibleJson(JSON.stringify(`a${character}b`))).not.toContain(character);
  });

  it.each([
    ['an escape', of(0x1b)],
    ['a control sequence introducer', of(0x9b)],
    ['a line separator', of(0x2028)],
    ['a tab', '\t'],
  ])('has a blank in place of %s', (_, character) => {
    expect(visible(`a${character}${character}b`)).toBe('a b');
    expect(visibleJson(JSON.stringify(`a${character}b`))).not.toContain(character);
  });

  it('has a mark in place of half a character', () => {
    expect(visible('a\ud83db\ude00')).toBe('a\ufffdb\ufffd');
  });

  it('keeps what holds an emoji together, and all that people write', () => {
    for (const text of ['👩‍👩‍👧‍👦 👍🏽 ❤️ 1️⃣ 🏳️‍🌈', 'Grüße, 日本語, العربية', 'é'.normalize('NFD')])
      expect(visible(text)).toBe(text);
  });

  it('keeps the lines of JSON', () => {
    const json = JSON.stringify({ a: ['b\n'] }, null, 2);
    expect(visibleJson(json)).toBe(json);
  });
});
