import { describe, expect, it } from '@jest/globals';
import { createThrottle } from '../../src/ingest/throttle.ts';
import { atEnd } from '../support/at-end.ts';

function throttle() {
  const created = createThrottle();
  atEnd(() => created.close());
  const failures = async (count: number, address: (n: number) => string) => {
    const waits: number[] = [];
    for (let n = 0; n < count; n += 1) waits.push(await created.fail(address(n)));
    return waits.filter((wait) => wait > 0).length;
  };
  return { ...created, failures };
}

describe('failed authentications', () => {
  it('of 10,000 addresses are counted apart, and those of all others together, so that they take no more memory', async () => {
    const { failures, forgive } = throttle();
    expect(await failures(10_000, (n) => `10.0.${n >> 8}.${n & 255}`)).toBe(0);
    // Twenty of the others have a try, and then none has.
    expect(await failures(100, (n) => `10.1.0.${n}`)).toBe(80);
    // A good token of one of them says nothing for the rest.
    forgive(() => '10.1.0.1');
    expect(await failures(10, (n) => `10.2.0.${n}`)).toBe(10);
    // Those that are counted apart still are.
    expect(await failures(20, () => '10.0.0.1')).toBe(1);
    forgive(() => '10.0.0.1');
    expect(await failures(10, () => '10.0.0.2')).toBe(0);
  });

  it('count together for all that is no address, which a proxy may let through', async () => {
    const { failures, forgive } = throttle();
    expect(await failures(100, (n) => `${n}${'x'.repeat(10_000)}`)).toBe(80);
    forgive(() => 'unknown');
    expect(await failures(5, (n) => `1.2.3.4:${n}`)).toBe(5);
    expect(await failures(20, () => '1.2.3.4')).toBe(0);
  });

  it('count together for a network of IPv6, however an address of it is written', async () => {
    const { failures } = throttle();
    expect(await failures(20, (n) => `2001:db8:0:0:${n}::1`)).toBe(0);
    expect(await failures(5, (n) => `2001:0db8::${n}%${'eth'.repeat(100)}${n}`)).toBe(5);
  });
});
