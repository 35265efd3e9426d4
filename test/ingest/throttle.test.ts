import { describe, expect, it } from '@jest/globals';
import { createThrottle } from '../../src/ingest/throttle.ts';

function throttle(now?: () => number) {
  const created = createThrottle(now);
  const failures = (count: number, address: (n: number) => string) => {
    const waits: number[] = [];
    for (let n = 0; n < count; n += 1) waits.push(created.fail(address(n)));
    return waits.filter((wait) => wait > 0).length;
  };
  return { ...created, failures };
}

describe('failed authentications', () => {
  it('of 10,000 addresses are counted apart, and those of all others together, so that they take no more memory', () => {
    const { failures, forgive } = throttle();
    expect(failures(10_000, (n) => `10.0.${n >> 8}.${n & 255}`)).toBe(0);
    // Twenty of the others have a try, and then none has.
    expect(failures(100, (n) => `10.1.0.${n}`)).toBe(80);
    // A good token of one of them says nothing for the rest.
    forgive(() => '10.1.0.1');
    expect(failures(10, (n) => `10.2.0.${n}`)).toBe(10);
    // Those that are counted apart still are.
    expect(failures(20, () => '10.0.0.1')).toBe(1);
    forgive(() => '10.0.0.1');
    expect(failures(10, () => '10.0.0.2')).toBe(0);
  });

  it('count together for all that is no address, which a proxy may let through', () => {
    const { failures, forgive } = throttle();
    expect(failures(100, (n) => `${n}${'x'.repeat(10_000)}`)).toBe(80);
    forgive(() => 'unknown');
    expect(failures(5, (n) => `1.2.3.4:${n}`)).toBe(5);
    expect(failures(20, () => '1.2.3.4')).toBe(0);
  });

  it('count together for a network of IPv6, however an address of it is written', () => {
    const { failures } = throttle();
    expect(failures(20, (n) => `2001:db8:0:0:${n}::1`)).toBe(0);
    expect(failures(20, () => '2001:db8:0:1::1')).toBe(0);
    expect(failures(5, (n) => `2001:0db8::${n}%${'eth'.repeat(100)}${n}`)).toBe(5);
  });

  it('are forgotten a minute after the first of them, whatever came meanwhile', () => {
    let now = 0;
    const { failures, fail, isLockedOut } = throttle(() => now);
    expect(failures(30, () => '1.2.3.4')).toBe(10);
    expect(isLockedOut('::ffff:1.2.3.4')).toBe(60);
    now = 59_500;
    expect(fail('1.2.3.4')).toBe(1);
    expect(isLockedOut('1.2.3.4')).toBe(1);
    now = 60_000;
    expect(isLockedOut('1.2.3.4')).toBe(0);
    expect(failures(20, () => '1.2.3.4')).toBe(0);
  });

  it('lock an address out from the twenty-first on, and nobody else', () => {
    const { failures, isLockedOut, forgive } = throttle();
    failures(20, () => '1.2.3.4');
    expect(isLockedOut('1.2.3.4')).toBe(0);
    failures(1, () => '1.2.3.4');
    expect(isLockedOut('1.2.3.4')).toBe(60);
    expect(isLockedOut('1.2.3.5')).toBe(0);
    forgive(() => '1.2.3.4');
    expect(isLockedOut('1.2.3.4')).toBe(0);
  });

  it('of strangers lock out nobody who is not counted apart', () => {
    const { failures, isLockedOut } = throttle();
    failures(12_000, (n) => `10.0.${n >> 8}.${n & 255}`);
    expect(failures(1, () => '10.9.9.9')).toBe(1);
    expect(isLockedOut('10.9.9.9')).toBe(0);
    expect(isLockedOut('unknown')).toBe(0);
  });

  it('of many addresses make room for those of others after a minute', () => {
    let now = 0;
    const { failures } = throttle(() => now);
    failures(12_000, (n) => `10.0.${n >> 8}.${n & 255}`);
    now = 60_000;
    expect(failures(20, () => '10.1.0.1')).toBe(0);
    expect(failures(20, () => '10.1.0.2')).toBe(0);
  });
});
