import { describe, expect, it } from '@jest/globals';
import { describeMiss } from '../../src/domain/miss.ts';
import { compileMatch, describeMatch } from '../../src/mapping/match.ts';
import type { MappingRule } from '../../src/mapping/settings/mapping-schema.ts';
import { contextOf } from './fixtures.ts';

const context = contextOf(
  { source: 'shop', action: 'opened', order: { items: [{ sku: 'x-1' }], total: 5, paid: false, note: null } },
  { headers: { 'x-github-event': 'issues' } },
);

type Match = NonNullable<MappingRule['match']>;

describe('a match', () => {
  it.each<[string, Match, string | null]>([
    ['nothing asked', {}, null],
    ['path alone', { path: 'other' }, null],
    ['source', { source: 'shop' }, null],
    ['another source', { source: 'bank' }, 'match.source: wanted "bank", found "shop"'],
    ['a header in any case', { headers: { 'X-GitHub-Event': 'issues' } }, null],
    [
      'a header out of a list',
      { headers: { 'X-GitHub-Event': ['push', 'ping'] } },
      'match.headers.x-github-event: wanted "push" or "ping", found "issues"',
    ],
    [
      'an absent header',
      { headers: { 'x-other': { regex: '.' } } },
      'match.headers.x-other: wanted /./, found nothing',
    ],
    ['a value deep inside', { payload: { 'order.items[0].sku': 'x-1', 'order.items.0.sku': { regex: '^x' } } }, null],
    ['a number and a boolean', { payload: { 'order.total': 5, 'order.paid': false } }, null],
    ['another type', { payload: { 'order.total': '5' } }, 'match.payload.order.total: wanted "5", found 5'],
    ['a regex on a number', { payload: { 'order.total': { regex: '^[0-9]$' } } }, null],
    [
      'a regex on an object',
      { payload: { order: { regex: '' } } },
      `match.payload.order: wanted //, found {"items":[{"sku":"x-1"}],"total":5,"paid":false,"note":null}`,
    ],
    ['null', { payload: { 'order.note': null, 'order.missing': null } }, null],
    ['null where there is a value', { payload: { action: null } }, 'match.payload.action: wanted null, found "opened"'],
    [
      'what only a prototype has',
      { payload: { toString: { regex: '.' } } },
      'match.payload.toString: wanted /./, found nothing',
    ],
    [
      'all clauses, the first failing one is told',
      { source: 'shop', payload: { action: 'closed', order: 1 } },
      'match.payload.action: wanted "closed", found "opened"',
    ],
  ])('%s', (_, rule, expected) => {
    const miss = compileMatch(rule)(context);
    expect(miss && describeMiss(miss)).toBe(expected);
  });

  it('cuts the value it found at 60 characters', () => {
    const miss = compileMatch({ payload: { action: 'x' } })(
      contextOf({ action: `${'a'.repeat(40)}\n${'b'.repeat(5000)}` }),
    );
    expect(miss && describeMiss(miss)).toBe(
      `match.payload.action: wanted "x", found "${'a'.repeat(40)}\\n${'b'.repeat(16)}…`,
    );
  });

  it('takes a payload of any kind', () => {
    const match = compileMatch({ payload: { '0.kind': 'a' } });
    expect(match(contextOf([{ kind: 'a' }]))).toBeNull();
    const miss = { clause: 'match.payload.0.kind', wanted: '"a"', found: 'nothing' };
    expect(match(contextOf(null))).toEqual(miss);
    expect(match(contextOf('text'))).toEqual(miss);
  });

  it.each<[Match, string]>([
    [{ payload: { a: { regex: '(' } } }, 'match.payload.a: Invalid regular expression'],
    [{ headers: { b: { regex: '(' } } }, 'match.headers.b: Invalid regular expression'],
    // biome-ignore lint/correctness/noPrecisionLoss: that is what it is about
    [{ payload: { a: 8202522731445525542 } }, 'match.payload.a: a number with so many digits loses some of them here'],
    [{ payload: { a: [1, Number.NEGATIVE_INFINITY] } }, 'match.payload.a: a number with so many digits'],
    [{ payload: { '__proto__.x': 1 } }, 'match.payload.__proto__.x: "__proto__.x" is not allowed'],
  ])('%j is refused when it is loaded', (rule, message) => {
    expect(() => compileMatch(rule)).toThrow(message);
  });

  it('can be told in words', () => {
    expect(
      describeMatch({ path: 'x', source: 'shop', headers: { 'X-A': ['b', 'c'] }, payload: { n: { regex: '^1' } } }),
    ).toBe('source is "shop" and headers.x-a is "b" or "c" and payload.n is /^1/');
  });
});
