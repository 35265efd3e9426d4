import { randomUUID } from 'node:crypto';

/**
 * Makes a source of UUIDv7 (RFC 9562): the ids of one source sort in the order in which they were made, also within a
 * millisecond. By hand, since several are made for each accepted event and the library draws new random bytes for each.
 */
export function createIds(): () => string {
  let lastMs = 0;
  let count = 0;
  return () => {
    const now = Date.now();
    count += 1;
    // A clock that is set back, or more ids than a millisecond counts: the time in the id runs ahead of the clock.
    if (now > lastMs || count > 0xfff) {
      lastMs = Math.max(now, lastMs + 1);
      count = 0;
    }
    return `${firstIdAt(lastMs)}-7${count.toString(16).padStart(3, '0')}-${randomUUID().slice(19)}`;
  };
}

/** What every id that is made at a time (epoch ms) or later is greater than. */
export function firstIdAt(ms: number): string {
  const time = Math.max(0, ms).toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}`;
}
