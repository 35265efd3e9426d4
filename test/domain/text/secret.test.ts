import { describe, expect, it } from '@jest/globals';
import { fitsHeader, headerOfUtf8, readSecret, secretBytes } from '../../../src/domain/text/secret.ts';

const good = 'a token of twenty letters';

describe('a secret', () => {
  it.each([
    good,
    'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw==',
    `it's "quoted" within, not round`,
    `"one side only of the text`,
    'ключ от двери, и не короткий',
  ])('is taken as it stands: %s', (text) => {
    expect(readSecret(text)).toEqual({ secret: text, remarks: [] });
  });

  it.each([
    ['blanks', ` ${good}\t`, 1],
    ['a line break', `${good}\n`, 1],
    ['the line break of Windows', `${good}\r\n`, 1],
    ['a mark of the byte order, and of no width', `\uFEFF${good}\u200b`, 1],
    ['a blank that does not break', `\u00a0${good}\u00a0`, 1],
    ['double quotes', `"${good}"`, 1],
    ['single quotes', `'${good}'`, 1],
    ['backticks', `\`${good}\``, 1],
    ['printed quotes', `“${good}”`, 1],
    ['quotes and blanks on both sides of them', ` " ${good} " `, 2],
  ])('is meant without %s round it, and that is said', (_, text, count) => {
    const { secret, remarks } = readSecret(text);
    expect(secret).toBe(good);
    expect(remarks).toHaveLength(count);
    for (const remark of remarks) expect(remark).toMatch(/^has (blanks or line breaks|quotes) round it/);
  });

  it('of fewer than 20 characters is said to be short, and by nothing of it', () => {
    expect(readSecret('x'.repeat(20)).remarks).toEqual([]);
    expect(readSecret('hunter2').remarks).toEqual([expect.stringContaining('is short, 7 of at least 20')]);
    expect(readSecret(' "hunter2" ').remarks.join()).not.toContain('hunter2');
    // Twelve letters, of four bytes each.
    expect(readSecret('🗝'.repeat(12)).remarks).toEqual([expect.stringContaining('is short, 12 of')]);
  });

  it.each(['', ' ', '""', `' '`, '\n', '\u200b'])('that is blank is none: %j', (text) => {
    expect(readSecret(text)).toEqual({ secret: '', remarks: [] });
  });
});

it('a secret may come as UTF-8, and as Latin-1 where that has all its letters', () => {
  expect(secretBytes('plain').map(String)).toEqual(['plain']);
  expect(secretBytes('é').map((bytes) => bytes.toString('hex'))).toEqual(['c3a9', 'e9']);
  // Not cut down to the letters that they would be in one byte.
  expect(secretBytes('š').map((bytes) => bytes.toString('hex'))).toEqual(['c5a1']);
  expect(secretBytes('é🗝')).toHaveLength(1);
});

it('a header carries any letter as the bytes of UTF-8', () => {
  expect(Buffer.from(headerOfUtf8('ключ'), 'latin1').toString()).toBe('ключ');
  expect(new Headers({ x: headerOfUtf8('ключ 🗝') }).get('x')).toBeTruthy();
});

it('a header carries no line break and no other control character', () => {
  for (const text of ['a\nb', 'a\rb', 'a\0b', 'a\u007fb']) expect(fitsHeader(text)).toBe(false);
  for (const text of ['a b', 'é', 'ключ', 'a\u0080b']) expect(fitsHeader(text)).toBe(true);
});
