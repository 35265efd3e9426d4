import { ipKeyGenerator, MemoryStore } from 'express-rate-limit';

const windowMs = 60_000;
const allowed = 20;

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
  return {
    async fail(address) {
      any = true;
      const { totalHits, resetTime } = await failures.increment(ipKeyGenerator(address));
      if (totalHits <= allowed) return 0;
      return Math.max(1, Math.ceil(((resetTime?.getTime() ?? Date.now() + windowMs) - Date.now()) / 1000));
    },
    forgive(address) {
      if (any) void failures.resetKey(ipKeyGenerator(address()));
    },
    close: () => failures.shutdown(),
  };
}
