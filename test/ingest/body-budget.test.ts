import { describe, expect, it } from '@jest/globals';
import { createBodyBudget } from '../../src/ingest/body-budget.ts';

const budgetOf = (patienceMs = 10) => createBodyBudget({ total: 100, perNetwork: 40, patienceMs, slowMs: 1 });

describe('the room for bodies of strangers', () => {
  it('is shared by all, and what one network may have by its bodies', () => {
    const budget = budgetOf();
    const [a, b] = [budget.open('1.1.1.1'), budget.open('1.1.1.1')];
    expect([a.add(20), b.add(19), b.add(1)]).toEqual([true, true, false]);
    expect(budget.open('2.2.2.2').add(39)).toBe(true);
    expect(budget.open('3.3.3.3').add(21)).toBe(false);
    expect(budget.held()).toBe(100);
    a.release();
    expect(budget.held()).toBe(80);
    expect(b.add(1)).toBe(true);
  });

  it('is enough for the only body of a network, however long its hook lets it be', () => {
    const budget = budgetOf();
    const [only, other] = [budget.open('1.1.1.1'), budget.open('2.2.2.2')];
    expect(only.add(150)).toBe(true);
    expect(other.add(1)).toBe(false);
    expect(only.add(1)).toBe(true);
  });

  it('is always enough for the oldest body of all and the oldest of a network, and for no other', () => {
    const budget = budgetOf();
    const [a, b, c, d] = ['1.1.1.1', '1.1.1.1', '2.2.2.2', '2.2.2.2'].map((address) => budget.open(address));
    expect([a?.add(30), b?.add(30), c?.add(20), d?.add(1)]).toEqual([true, false, true, true]);
    expect([a?.add(9), c?.add(19), d?.add(1)]).toEqual([true, false, false]);
    a?.release();
    expect([b?.add(1), c?.add(1), d?.add(1)]).toEqual([true, true, false]);
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
    const budget = createBodyBudget({ total: 100, perNetwork: 40, patienceMs: 10_000, slowMs: 10_000 });
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

  it('is made by ending the oldest slow body of the network that waits', async () => {
    const budget = budgetOf(10_000);
    const [other, a, b, c] = ['2.2.2.2', '1.1.1.1', '1.1.1.1', '1.1.1.1'].map((address) => budget.open(address));
    const ended: string[] = [];
    for (const [name, held] of Object.entries({ other, a, b })) held?.giveWay(() => ended.push(name));
    other?.add(30);
    a?.add(20);
    b?.add(20);
    c?.add(1);
    expect(await c?.room()).toBe(true);
    expect(ended).toEqual(['a']);
    expect(budget.held()).toBe(51);
  });

  it('is made for whoever waits for the total by ending the oldest slow body of the network that holds most', async () => {
    const budget = budgetOf(10_000);
    const ended: string[] = [];
    for (const [address, bytes] of [
      ['1.1.1.1', 30],
      ['2.2.2.2', 20],
      ['2.2.2.2', 19],
      ['3.3.3.3', 30],
    ] as const) {
      const held = budget.open(address);
      held.giveWay(() => ended.push(`${address} ${bytes}`));
      held.add(bytes);
    }
    const waits = budget.open('4.4.4.4');
    expect(waits.add(5)).toBe(false);
    expect(await waits.room()).toBe(true);
    expect(ended).toEqual(['2.2.2.2 20']);
  });

  it('is not made by ending what is whole, nor by what is as small', async () => {
    const budget = createBodyBudget({ total: 100, perNetwork: 200, patienceMs: 20, slowMs: 1 });
    const [whole, a, b] = ['1.1.1.1', '2.2.2.2', '3.3.3.3'].map((address) => budget.open(address));
    whole?.add(60);
    a?.add(20);
    b?.add(20);
    const waits = [a?.room(), b?.room()];
    expect(await Promise.all(waits)).toEqual([false, false]);
    expect(budget.held()).toBe(100);
  });

  it('is made after half of the patience by ending the newest body of a network that holds more, slow or not', async () => {
    const budget = createBodyBudget({ total: 100, perNetwork: 200, patienceMs: 60, slowMs: 1000 });
    const ended: string[] = [];
    const open = (name: string, address: string, bytes: number) => {
      const held = budget.open(address);
      held.giveWay(() => ended.push(name));
      held.add(bytes);
      return held;
    };
    open('first', '1.1.1.1', 20);
    open('older', '2.2.2.2', 30);
    open('newer', '2.2.2.2', 30);
    const waits = open('waits', '3.3.3.3', 20);
    expect(await waits.room()).toBe(true);
    expect(ended).toEqual(['newer']);
  });
});
