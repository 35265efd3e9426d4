import { describe, expect, it } from '@jest/globals';
import { display, hasOwnWords, plain, shownBy, type Text } from '../../../src/domain/text/text.ts';

describe('a value in a text', () => {
  it.each([
    [undefined, ''],
    [null, ''],
    ['', ''],
    ['<b>&"', '<b>&"'],
    [0, '0'],
    [false, 'false'],
    [{ a: [1] }, '{"a":[1]}'],
    [[], '[]'],
  ])('%j is shown as %j', (value, expected) => {
    expect(display(value)).toBe(expected);
  });
});

it('values are looked up and shown once each, however often a text names them', () => {
  const asked: string[] = [];
  const values: Record<string, unknown> = { a: { b: 1 }, gone: undefined };
  const shown = shownBy((path) => {
    asked.push(path);
    return values[path];
  });
  expect(['a', 'gone', 'a', 'gone'].map(shown)).toEqual(['{"b":1}', '', '{"b":1}', '']);
  expect(asked).toEqual(['a', 'gone']);
});

describe('a text', () => {
  const resolve = (path: string) => ({ a: 'from the event', none: undefined })[path];

  it('is filled from the event, or from the value that a reference brings', () => {
    const text: Text = ['1 ', { path: 'a' }, ' 2 ', { path: 'a', value: 'its own' }, ' 3 ', { path: 'a', value: null }];
    expect(plain(text, resolve)).toBe('1 from the event 2 its own 3 ');
  });

  it.each<[Text, boolean]>([
    [[{ path: 'a' }], false],
    [[' \n', { path: 'a' }], false],
    [[], false],
    [['Read ', { path: 'a' }], true],
  ])('%j has words of its owner: %s', (text, expected) => {
    expect(hasOwnWords(text)).toBe(expected);
  });
});
