import { describe, expect, it } from '@jest/globals';
import { compilePayloadLimits, declaredFields, type JsonObject } from '../../../src/mapping/payload/limits.ts';

const text = (length: number) => 'x'.repeat(length);
const keys = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, at) => [`key${at}`, at]));
const field = (schema: unknown, more: object = {}): JsonObject => ({ properties: { a: schema }, ...more });
const longer = (limit: number, name = 'a') => [`${name}: must NOT have more than ${limit} characters`];

describe('a string may have 500 characters', () => {
  it.each<[string, JsonObject, unknown, readonly string[]]>([
    ['in a declared field', field({ type: 'string' }), { a: text(500) }, []],
    ['and no more', field({ type: 'string' }), { a: text(501) }, longer(500)],
    ['as JSON Schema counts them', field({}), { a: '😀'.repeat(500) }, []],
    ['where nothing is declared', {}, { b: text(501) }, longer(500, 'b')],
    ['beside what is declared', field({ maxLength: 900 }), { b: text(501) }, longer(500, 'b')],
    ['however deep', {}, { a: [{ b: text(501) }] }, longer(500, 'a[0].b')],
    ['as the name of a field', {}, { [text(501)]: 1 }, ['has a property whose name is longer than 500 characters']],
  ])('%s', (_, schema, payload, problems) => {
    expect(compilePayloadLimits(schema)(payload)).toEqual(problems);
  });
});

describe('where the schema of a string says maxLength, that is its limit', () => {
  const long = { type: 'string', maxLength: 2000 };
  it.each<[string, JsonObject, (value: string) => unknown, string]>([
    ['in a property', field(long), (a) => ({ a }), 'a'],
    ['in a list', field({ items: long }), (value) => ({ a: [value] }), 'a[0]'],
    ['in a list with places', field({ items: [{}, long] }), (value) => ({ a: [1, value] }), 'a[1]'],
    ['in the rest of such a list', field({ items: [{}], additionalItems: long }), (v) => ({ a: [1, v] }), 'a[1]'],
    ['in any other property', { additionalProperties: long }, (a) => ({ a }), 'a'],
    ['in a property by its pattern', { patternProperties: { '^a': long } }, (a) => ({ a }), 'a'],
    ['in one of several forms', field({ anyOf: [{ type: 'null' }, long] }), (a) => ({ a }), 'a'],
    ['in all of several parts', field({ allOf: [{ type: 'string' }, { maxLength: 2000 }] }), (a) => ({ a }), 'a'],
    ['in a part of the whole', { oneOf: [field(long)] }, (a) => ({ a }), 'a'],
    // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
    ['in a conditional part', { if: {}, then: field(long) }, (a) => ({ a }), 'a'],
    [
      'elsewhere in the schema',
      field({ $ref: '#/definitions/a~1b' }, { definitions: { 'a/b': long } }),
      (a) => ({ a }),
      'a',
    ],
    ['in a schema that holds itself', { ...field({ $ref: '#' }), maxLength: 2000 }, (v) => ({ a: { a: v } }), 'a.a'],
  ])('%s', (_, schema, payload, name) => {
    const check = compilePayloadLimits(schema);
    expect(check(payload(text(2000)))).toEqual([]);
    expect(check(payload(text(2001)))).toEqual(longer(2000, name));
  });

  it('a maxLength below the usual limit counts', () => {
    expect(compilePayloadLimits(field({ maxLength: 3 }))({ a: 'four' })).toEqual(longer(3));
  });

  it('but not that of another property, nor one that is only a condition', () => {
    const check = compilePayloadLimits({ properties: { b: { maxLength: 2000 } }, if: field({ maxLength: 2000 }) });
    expect(check({ a: text(501) })).toEqual(longer(500));
  });

  it.each([[{ const: text(600) }], [{ enum: ['short', text(600)] }]])(
    'and a value that it lists may be as long as it is',
    (schema) => {
      const check = compilePayloadLimits(field(schema));
      expect(check({ a: text(600) })).toEqual([]);
      expect(check({ a: text(601) })).toEqual(longer(500));
    },
  );
});

describe('an object may have 20 properties', () => {
  const many = 'must NOT have more than 20 properties';
  it.each<[string, unknown, readonly string[]]>([
    ['and no more', keys(20), []],
    ['at the top', keys(21), [many]],
    ['inside', { a: { b: keys(21) } }, [`a.b: ${many}`]],
    ['in a list', { a: [keys(20), keys(21)] }, [`a[1]: ${many}`]],
  ])('%s', (_, payload, problems) => {
    expect(compilePayloadLimits({})(payload)).toEqual(problems);
  });
});

it('everything that is wrong is said at once', () => {
  expect(compilePayloadLimits({})({ ...keys(21), a: text(501), b: text(502) })).toHaveLength(3);
});

it('a payload that is nested as deeply as it can be is gone through', () => {
  const deep = `{"a":${'['.repeat(5000)}"${text(501)}"${']'.repeat(5000)}}`;
  expect(compilePayloadLimits({})(JSON.parse(deep))).toHaveLength(1);
});

it('declared is what the schema says about the payload itself, in whatever part', () => {
  const schema = {
    properties: { a: { properties: { inner: {} } } },
    allOf: [{ properties: { b: {} } }, { $ref: '#/definitions/more' }],
    definitions: { more: { properties: { c: {}, a: {} } }, other: { properties: { d: {} } } },
  };
  expect(declaredFields(schema)).toEqual(['a', 'b', 'c']);
  expect(declaredFields({})).toEqual([]);
});
