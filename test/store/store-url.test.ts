import { expect, it } from '@jest/globals';
import { findStoreUrl, storeOf, storeUrlOf, storeUrlPattern } from '../../src/store/store-url.ts';

it('store.url names a file, whatever is in its path', () => {
  for (const file of ['./data/gimli.db', '/a b/sqlite:c.db', 'C:\\gimli.db', 'two\nlines']) {
    expect(storeOf(storeUrlOf({ kind: 'sqlite', file }))).toEqual({ kind: 'sqlite', file });
    expect(storeUrlOf({ kind: 'sqlite', file })).toMatch(new RegExp(storeUrlPattern));
  }
  for (const url of ['sqlite:', 'postgres://db', './data/gimli.db'])
    expect(url).not.toMatch(new RegExp(storeUrlPattern));
});

it('the store of a config that is broken is found in its text', () => {
  expect(findStoreUrl(`{ agents: { url: 'http://a' }, "store": { "url" : "sqlite:other/place.db" }, x`)).toBe(
    'sqlite:other/place.db',
  );
  expect(findStoreUrl(`{ store: { url: './gimli.db' } }`)).toBeUndefined();
});
