import { describe, expect, it } from '@jest/globals';
import { type Context, lookup, narrow, parseBody, pathSegments } from '../../src/domain/event.ts';

const context: Context = {
  payload: {
    path: 'of the payload',
    messages: [{ subject: 'Hello' }, { subject: 'Bye' }],
    empty: null,
    'a.b': 'dotted',
  },
  headers: { 'x-y': 'header' },
  query: { a: 'query' },
  path: 'gmail',
  now: '2026-11-23T00:00:00.000Z',
};
const find = (path: string) => lookup(context, pathSegments(path));

describe('a path', () => {
  it.each([
    ['messages[0].subject', 'Hello'],
    ['messages.1.subject', 'Bye'],
    ['payload.messages[1].subject', 'Bye'],
    ['headers.x-y', 'header'],
    ['query.a', 'query'],
    ['path', 'gmail'],
    ['payload.path', 'of the payload'],
    ['now', '2026-11-23T00:00:00.000Z'],
    ['empty', null],
    ['messages[2].subject', undefined],
    ['messages.subject', undefined],
    ['empty.x', undefined],
    ['path.0', undefined],
    ['nothing', undefined],
    ['', undefined],
  ])('%s leads to %j', (path, expected) => {
    expect(find(path)).toEqual(expected);
  });

  it.each([
    '__proto__',
    '__proto__.toString',
    'constructor',
    'constructor.name',
    'toString',
    'messages.length.constructor',
    'messages.map',
    'headers.__proto__',
    'headers.constructor',
    'query.hasOwnProperty',
    'payload.__proto__.x',
  ])('%s never leads to a prototype', (path) => {
    expect(find(path)).toBeUndefined();
  });

  it.each([
    ['messages[0].from', ['messages', '0', 'from']],
    ['a[1][2].b', ['a', '1', '2', 'b']],
    ['a.b', ['a', 'b']],
  ])('%s has the segments %j', (path, segments) => {
    expect(pathSegments(path)).toEqual(segments);
  });
});

describe('one element of a batch', () => {
  it('sees the array with itself alone, and the rest as it was', () => {
    const narrowed = narrow(context, { key: 'messages', index: 1 });
    expect(lookup(narrowed, ['messages'])).toEqual([{ subject: 'Bye' }]);
    expect(lookup(narrowed, ['headers', 'x-y'])).toBe('header');
    expect(lookup(context, ['messages'])).toHaveLength(2);
  });

  it('looks at the payload, and copies none of its fields, of which a sender may send any number', () => {
    const payload: Record<string, unknown> = { list: [{ a: 1 }, { a: 2 }], late: 'no' };
    const narrowed = narrow({ ...context, payload }, { key: 'list', index: 1 });
    payload.late = 'yes';
    expect(lookup(narrowed, ['late'])).toBe('yes');
    expect(lookup(narrowed, ['list', '0', 'a'])).toBe(2);
    expect(lookup(narrowed, ['list', '1'])).toBeUndefined();
    expect(JSON.stringify(lookup(narrowed, ['payload']))).toBe('{"list":[{"a":2}],"late":"yes"}');
    expect(payload.list).toHaveLength(2);
  });

  it('is the whole event where there is no batch', () => {
    expect(narrow(context, undefined)).toBe(context);
  });
});

describe('a body', () => {
  it('that is empty means an empty object', () => {
    expect(parseBody(Buffer.alloc(0), {})).toEqual({});
  });

  it('that is no JSON is a SyntaxError', () => {
    expect(() => parseBody(Buffer.from('{'), {})).toThrow(SyntaxError);
    expect(() => parseBody(Buffer.from('a=1'), { 'content-type': 'application/json' })).toThrow(SyntaxError);
  });

  const form = { 'content-type': 'Application/X-WWW-Form-urlencoded; charset=utf-8' };
  it.each([
    ['a=1&b=x+y&a=2', { a: '2', b: 'x y' }],
    ['payload=%7B%22a%22%3A%5B1%5D%7D&b=2', { a: [1] }],
    ['payload=%5B1%5D', [1]],
    ['payload=5&b=2', { payload: '5', b: '2' }],
    ['payload=%7Bnot&b=2', { payload: '{not', b: '2' }],
    ['{"a": 1}', { a: 1 }],
    ['"a=1"', 'a=1'],
  ])('that says it is a form is JSON where it can be, else its fields: %s', (text, payload) => {
    expect({ ...Object(parseBody(Buffer.from(text), form)) }).toEqual({ ...Object(payload) });
  });

  it.each(['{"a": 1', ' [1', '{'])('that says it is a form and begins as JSON is a SyntaxError: %s', (text) => {
    expect(() => parseBody(Buffer.from(text), form)).toThrow(SyntaxError);
  });

  const lists = (levels: number, inside = '') => `${'['.repeat(levels)}${inside}${']'.repeat(levels)}`;
  const objects = (levels: number) => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`;
  it.each([
    ['100 lists', lists(100)],
    ['100 objects', objects(100)],
    ['50 of each', lists(50, objects(50))],
    ['200 lists side by side', `[${Array.from({ length: 200 }, () => '[]')}]`],
    ['brackets in texts', JSON.stringify({ [lists(200)]: [`"${lists(200)}`, `\\`, `\\"${'{'.repeat(200)}`, '\\"['] })],
  ])('may be nested 100 levels: %s', (_, text) => {
    expect(parseBody(Buffer.from(text), {})).toEqual(JSON.parse(text));
    const payload = `payload=${encodeURIComponent(text)}`;
    expect(parseBody(Buffer.from(payload), form)).toEqual(JSON.parse(text));
  });

  it.each([
    ['lists', lists(101)],
    ['objects', objects(101)],
    ['both', lists(50, objects(51))],
    ['after texts', `["\\\\","\\"","]]]]",${lists(100)}]`],
    ['a hundred thousand', lists(100_000)],
    ['without an end', '['.repeat(101)],
  ])('nested deeper is a RangeError: %s', (_, text) => {
    const error = new RangeError('the body is nested deeper than 100 levels');
    expect(() => parseBody(Buffer.from(text), {})).toThrow(error);
    expect(() => parseBody(Buffer.from(`payload=${encodeURIComponent(text)}`), form)).toThrow(error);
  });

  it('that is a form with brackets in it is a form', () => {
    const text = `a=${lists(200)}`;
    expect({ ...Object(parseBody(Buffer.from(text), form)) }).toEqual({ a: lists(200) });
  });

  it('with a name that comes twice has the last value, as JSON.parse has it', () => {
    expect(parseBody(Buffer.from('{"a":1,"b":{"c":1,"c":2},"a":3}'), {})).toEqual({ a: 3, b: { c: 2 } });
  });

  it('names what every object inherits without reaching it', () => {
    const payload = parseBody(Buffer.from('{"__proto__":{"x":1},"constructor":{"prototype":{"x":1}}}'), {}) as object;
    expect(Object.getPrototypeOf(payload)).toBe(Object.prototype);
    expect(Object.keys(payload)).toEqual(['__proto__', 'constructor']);
    expect(lookup({ ...context, payload }, ['x'])).toBeUndefined();
    expect(({} as { x?: unknown }).x).toBeUndefined();
  });

  it('cannot reach a prototype through the name of a field', () => {
    const payload = parseBody(Buffer.from('__proto__=x&constructor=y'), form);
    expect(Object.entries(payload as object)).toEqual([
      ['__proto__', 'x'],
      ['constructor', 'y'],
    ]);
    expect(({} as { x?: unknown }).x).toBeUndefined();
  });
});
