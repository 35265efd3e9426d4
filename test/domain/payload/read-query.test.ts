import { describe, expect, it } from '@jest/globals';
import { readQuery } from '../../../src/domain/payload/read-query.ts';

const read = (search: string) => {
  const { fields, notes } = readQuery(search);
  return { fields: JSON.parse(JSON.stringify(fields)), notes };
};

describe('a query', () => {
  it.each([
    ['', {}],
    ['?', {}],
    ['?a=1&', { a: '1' }],
    ['?a=1&&a=2', { a: ['1', '2'] }],
    ['?page[size]=5', { page: { size: '5' } }],
    ['?q=K%C3%B6ln', { q: 'Köln' }],
  ])('has its parameters as they were sent: %s', (search, fields) => {
    expect(read(search)).toEqual({ fields, notes: [] });
  });

  it.each([
    ['?id=K%F6ln', 'the query: a value is not utf-8 at byte 2 of it'],
    ['?a[b=1', /^the query: a name has brackets that do not nest/],
    ['?a=1&a[b]=2', /^the query: a name came both with and without/],
  ])('says of itself what could not be read: %s', (search, note) => {
    expect(read(search).notes).toEqual([typeof note === 'string' ? note : expect.stringMatching(note)]);
  });

  it('that is too much says what of it is', () => {
    expect(() => read(`?${'a=1&'.repeat(1001)}`)).toThrow(new RangeError('the query has more than 1000 fields'));
    const tooDeep = new RangeError('a name of the query is nested deeper than 20 levels');
    expect(() => read(`?a${'[b]'.repeat(21)}=1`)).toThrow(tooDeep);
  });
});
