import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { asNumbers, asStrings, ExactNumber, isLiteral } from '../../../src/domain/payload/exact-number.ts';
import { readJson } from '../../../src/domain/payload/json.ts';
import { display } from '../../../src/domain/text/text.ts';
import { holds } from '../../support/property.ts';

const read = (json: string) => readJson(json).value;

describe('a number', () => {
  it.each([
    '8202522731445525542',
    '9007199254740993',
    '19.90',
    '0.00',
    '-0',
    '1e400',
    '-1e-400',
    '1E5',
    '1.0',
    '0.1234567890123456789',
    '123456789012345678901234567890',
  ])('that JavaScript would change keeps its digits: %s', (digits) => {
    const value = read(digits);
    expect(value).toBeInstanceOf(ExactNumber);
    expect(display(value)).toBe(digits);
    expect(display(read(`{"a":[${digits}]}`))).toBe(`{"a":[${digits}]}`);
    expect(asStrings(read(`{"a":[${digits},1]}`))).toEqual({ a: [digits, 1] });
  });

  it.each(['0', '-1', '42', '19.9', '9007199254740991', '1.5', '0.1', '123456789.25'])(
    'that it keeps is a plain one: %s',
    (digits) => {
      expect(read(digits)).toBe(Number(digits));
    },
  );

  it.each([
    '01',
    '1.',
    '.5',
    '+1',
    '-',
    '1e',
    '--1',
    '0x10',
    'NaN',
    'Infinity',
    '1 2',
    '{1:2}',
    '{"a":12345678901234567890x}',
  ])('is none by other rules than those of JSON: %s', (text) => {
    expect(() => read(text)).toThrow(SyntaxError);
  });

  it('within a text is left alone', () => {
    const text = '{"id 8202522731445525543":"19.90, \\"1e400\\""}';
    expect(display(read(text))).toBe(text);
    expect(read(text)).toEqual(JSON.parse(text));
  });

  it('comes out as it went in, whatever JSON it stands in', () => {
    const number = fc.tuple(
      fc.constantFrom('', '-'),
      fc.constantFrom('0', '7', '12345678901234567890', '42'),
      fc.constantFrom('', '.0', '.10', '.5', '.123456789012345678'),
      fc.constantFrom('', 'e5', 'E+400', 'e-2'),
    );
    const { json } = fc.letrec<{ json: string }>((tie) => ({
      json: fc.oneof(
        { maxDepth: 4 },
        number.map((parts) => parts.join('')),
        fc.string().map((text) => JSON.stringify(text)),
        fc.array(tie('json'), { maxLength: 3 }).map((list) => `[${list.join()}]`),
        fc
          .dictionary(
            fc.string().filter((key) => key !== '__proto__' && !/^\d+$/.test(key)),
            tie('json'),
            { maxKeys: 3 },
          )
          .map((fields) => `{${Object.entries(fields).map(([key, one]) => `${JSON.stringify(key)}:${one}`)}}`),
      ),
    }));
    holds(json, 2000, (text) => expect(JSON.stringify(read(text))).toBe(text));
  });
});

describe('a literal of the owner', () => {
  it.each([
    ['8202522731445525542', '8202522731445525542', true],
    ['8202522731445525542', '8202522731445525543', false],
    ['19.90', 19.9, true],
    ['19.90', '19.90', true],
    ['19.90', '19.9', false],
    ['1e2', 100, true],
    ['-0', 0, true],
    ['0.0', 0, true],
    ['1e400', 1e308, false],
    ['1.0', 1, true],
    ['1.0', true, false],
    ['10.0', 1, false],
    ['9007199254740993', 9007199254740992, false],
    ['5', 5, true],
    ['5', '5', false],
    ['null', null, true],
    ['100e-2', 1, true],
    ['1e+0000000000000000000000000000002', 100, true],
    ['1.00e00000000000000000000000000000', 1, true],
    ['0e99999999999999999999999999999999', 0, true],
    ['1e99999999999999999999999999999999', 1, false],
    ['-1e-99999999999999999999999999999999', -0, false],
    ['-1e2', 100, false],
  ])('%s is %j: %s', (json, literal, expected) => {
    expect(isLiteral(read(json), literal)).toBe(expected);
  });

  // Work that grows with the square of their length takes minutes for each, and so outlasts the test.
  const zeros = '0'.repeat(500_000);
  it.each([
    ['with zeros within it', `1${zeros}1`, 1, false],
    ['with zeros before its last digit', `1.${zeros}1`, 1, false],
    ['with zeros at its end', `1.${zeros}`, 1, true],
    ['with zeros at its start', `0.${zeros}1e500001`, 1, true],
    ['of a long exponent', `1e1${zeros}`, 1, false],
    ['of a long exponent with zeros first', `1e${zeros}2`, 100, true],
  ])('is compared at once with a number %s', async (_, json, literal, expected) => {
    for (let times = 0; times < 2; times += 1) {
      expect(isLiteral(read(json), literal)).toBe(expected);
      await setImmediate();
    }
  });
});

describe('for what calculates, a number', () => {
  it('is the nearest that JavaScript has', () => {
    expect(asNumbers(read('{"a":[19.90,1e400,-1e400],"b":"19.90","__proto__":{"c":1.0}}'))).toEqual(
      JSON.parse(`{"a":[19.9,${Number.MAX_VALUE},${-Number.MAX_VALUE}],"b":"19.90","__proto__":{"c":1}}`),
    );
  });

  // Room for all the numbers below each takes seconds, so that all together outlast the test.
  it('costs no more beside names that are numbers', async () => {
    const value = read(`[${Array.from({ length: 20_000 }, () => '{"999":1.0}')}]`);
    for (let times = 0; times < 10; times += 1) {
      expect((asStrings(value) as unknown[]).at(-1)).toEqual({ 999: '1.0' });
      await setImmediate();
    }
  });

  it('costs no copy where there is none to change', () => {
    const value = read('{"a":[1,{"b":2}]}');
    expect(asNumbers(value)).toBe(value);
  });
});
