import { describe, expect, it } from '@jest/globals';
import { createBodyBudget } from '../../src/ingest/body-budget.ts';

const budgetOf = (patienceMs = 10) => createBodyBudget({ total: 100, perNetwork: 40, patienceMs });

describe('the room for bodies of strangers', () => {
  it('is shared by all, and what one network may have by its bodies', () => {
    const budget = budgetOf();
    const [a, b] = [budget.open('1.1.1.1'), budget.open('1.1.1.1')];
    expect([a.add(20), b.add(19), a.add(1)]).toEqual([true, true, false]);
    expect(budget.open('2.2.2.2').add(39)).toBe(true);
    expect(budget.open('3.3.3.3').add(21)).toBe(false);
    expect(budget.held()).toBe(100);
    b.release();
    expect(budget.held()).toBe(81);
    expect(a.add(1)).toBe(true);
  });

  it('is enough for the only body of a network, however long its hook lets it be', () => {
    const budget = budgetOf();
    const [only, other] = [budget.open('1.1.1.1'), budget.open('2.2.2.2')];
    expect(only.add(150)).toBe(true);
    expect(other.add(1)).toBe(false);
    expect(only.add(1)).toBe(false);
  });

  it.each([
    ['an IPv6 network', '2001:db8:1:2::1', '2001:db8:1:2:ffff::9', false],
    ['two IPv6 networks', '2001:db8:1:2::1', '2001:db8:1:3::1', true],
    ['what is no address', 'unknown', 'whatever a proxy says', false],
  ])('counts the addresses of %s as they belong together', (_, one, two, isFree) => {
    const budget = budgetOf();
    budget.open(one).add(40);
    expect(budget.open(two).add(1)).toBe(isFree);
  });

  it('is waited for, and found when another body is gone', async () => {
    const budget = budgetOf(10_000);
    const [a, b] = [budget.open('1.1.1.1'), budget.open('1.1.1.1')];
    a.add(30);
    b.add(20);
    const room = b.room();
    a.release();
    a.release();
    expect(await room).toBe(true);
    expect(budget.held()).toBe(20);
  });

  it('is waited for no longer than it may take', async () => {
    const budget = budgetOf();
    const [a, b] = [budget.open('1.1.1.1'), budget.open('1.1.1.1')];
    a.add(30);
    b.add(20);
    expect(await b.room()).toBe(false);
  });
});
