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

  it('cannot reach a prototype through the name of a field', () => {
    const payload = parseBody(Buffer.from('__proto__=x&constructor=y'), form);
    expect(Object.entries(payload as object)).toEqual([
      ['__proto__', 'x'],
      ['constructor', 'y'],
    ]);
    expect(({} as { x?: unknown }).x).toBeUndefined();
  });
});
