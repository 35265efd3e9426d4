import { describe, expect, it } from '@jest/globals';
import { type Context, lookup, narrow, pathSegments } from '../../src/domain/event.ts';

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
