import { isIP } from 'node:net';
import { ipKeyGenerator, MemoryStore } from 'express-rate-limit';

const windowMs = 60_000;
const allowed = 20;
/** Of so many addresses the failures are counted apart; those of all others together, so that strangers cannot fill the memory. */
const mostAddresses = 10_000;
const others = 'others';

/** Counts failed authentications per address, so that a token cannot be guessed. */
export interface Throttle {
  /** Notes a failure. Gives the seconds to wait where the address has used up its tries, else 0. */
  fail(address: string): Promise<number>;
  /** A good token clears the address, which is only asked for where there is something to forgive. */
  forgive(address: () => string): void;
  close(): void;
}

export function createThrottle(): Throttle {
  const failures = new MemoryStore();
  failures.init({ windowMs } as Parameters<MemoryStore['init']>[0]);
  /** Addresses with failures, so that the common case costs nothing. */
  let any = false;

  function keyOf(address: string): string {
    const { current, previous } = failures;
    // What a proxy forwards may be any text, of any length.
    const key = isIP(address) === 0 ? others : ipKeyGenerator(address);
    const isKnown = current.has(key) || previous.has(key);
    return isKnown || current.size + previous.size < mostAddresses ? key : others;
  }

  return {
    async fail(address) {
      any = true;
      const { totalHits, resetTime } = await failures.increment(keyOf(address));
      if (totalHits <= allowed) return 0;
      return Math.max(1, Math.ceil(((resetTime?.getTime() ?? Date.now() + windowMs) - Date.now()) / 1000));
    },
    forgive(address) {
      const key = any ? keyOf(address()) : others;
      // One good token says nothing for all the others.
      if (key !== others) void failures.resetKey(key);
    },
    close: () => failures.shutdown(),
  };
}
