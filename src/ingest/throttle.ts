import { networkOf } from '../domain/address.ts';

const windowMs = 60_000;
const allowed = 20;
/** Of so many addresses the failures are counted apart; those of all others together, so that strangers cannot fill the memory. */
const mostAddresses = 10_000;
const others = 'others';

/**
 * Counts failed authentications per address, so that guesses come slowly and are not logged without end. It locks nobody out who
 * has a good token or signature: what makes guessing hopeless is how long a secret is.
 */
export interface Throttle {
  /** Notes a failure. Gives the seconds to wait where the address has used up its tries, else 0. */
  fail(address: string): number;
  /** The seconds until an address that has used up its tries has new ones, else 0. Of those that are not counted apart nothing is known. */
  isLockedOut(address: string): number;
  /** A good token clears the address, which is only asked for where there is something to forgive. */
  forgive(address: () => string): void;
}

interface Count {
  failures: number;
  readonly endsAt: number;
}

/** @param now in ms; unless given it is the time since the start, which nobody sets back */
export function createThrottle(now: () => number = () => performance.now()): Throttle {
  /** by network, those that end first in front */
  const counts = new Map<string, Count>();

  function current(address: string): [network: string, count: Count | undefined] {
    for (const [network, { endsAt }] of counts) {
      if (endsAt > now()) break;
      counts.delete(network);
    }
    // What a proxy forwards may be any text, of any length.
    const network = networkOf(address) ?? others;
    return [network, counts.get(network)];
  }

  const secondsOf = ({ failures, endsAt }: Count) => (failures <= allowed ? 0 : Math.ceil((endsAt - now()) / 1000));

  return {
    fail(address) {
      const [network, known] = current(address);
      const key = known || counts.size < mostAddresses ? network : others;
      const count = counts.get(key) ?? { failures: 0, endsAt: now() + windowMs };
      count.failures += 1;
      counts.set(key, count);
      return secondsOf(count);
    },
    isLockedOut(address) {
      if (counts.size === 0) return 0;
      const [network, count] = current(address);
      return count && network !== others ? secondsOf(count) : 0;
    },
    forgive(address) {
      if (counts.size === 0) return;
      const network = networkOf(address());
      // One good token says nothing for all the others.
      if (network !== null) counts.delete(network);
    },
  };
}
