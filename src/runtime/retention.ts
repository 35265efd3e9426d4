import path from 'node:path';
import { setImmediate } from 'node:timers/promises';
import type { Logger } from 'pino';
import { messageOf } from '../domain/errors.ts';
import { firstIdAt } from '../domain/id.ts';
import { dayOf } from '../domain/spending.ts';
import type { Clock } from '../domain/time/clock.ts';
import { type Keep, keysMs } from '../domain/time/keep.ts';
import { eraseOldKeys, noteRemoved } from '../store/queries/erase.ts';
import { findOldest } from '../store/queries/figures.ts';
import { createIsReplayed } from '../store/queries/replayed.ts';
import { type Ages, agedSweeps } from '../store/queries/sweeps.ts';
import type { Store } from '../store/store.ts';
import { sweepAway } from './sweeping.ts';
import { diskRoom } from './watching/checks.ts';

const everyMs = 60_000;
/** What could not go when it was looked at is looked at again so often. */
const wholeEveryMs = 86_400_000;
/** Unused pages up to this share of the file, or so many bytes, are left in it for what comes next. */
const slack = { share: 0.1, bytes: 16 * 1024 * 1024 };
const pagesAtOnce = 64;
const keysAtOnce = 500;
/** Where the store is too large, it is brought to this share of what it may have, and in so many steps through time. */
const [enough, stepsThroughTime] = [0.95, 20];

export interface RetentionParts {
  readonly store: Store;
  /** the store's file */
  readonly file: string;
  readonly clock: Clock;
  readonly log: Logger;
  /** how long a history may be, in characters */
  readonly historyBudget: number;
  readonly keep: () => Keep;
}

export interface Retention {
  start(): void;
  /** Settles when no step is under way any more. */
  stop(): Promise<void>;
  /** Does now what is due. */
  look(): Promise<void>;
  /** why the store is larger than it may be; undefined where it is not */
  problem(): string | undefined;
}

/** Removes what is over and older than it is to be kept, a little at a time, and keeps the file as small as it may be. */
export function createRetention(parts: RetentionParts): Retention {
  const { store, clock, log, keep, historyBudget } = parts;
  const stopping = new AbortController();
  const { signal } = stopping;
  let cancel = () => {};
  let looking: Promise<void> = Promise.resolve();
  let places = new Map<string, string>();
  let wholeAt = -Infinity;
  let problem: string | undefined;

  const used = () => {
    const { fileBytes, freeBytes } = store.upkeep.sizes();
    return fileBytes - freeBytes;
  };

  async function removeAged(now: number): Promise<void> {
    const { filteredMs, eventsMs, runsMs } = keep();
    const ages = { now, filtered: now - filteredMs, events: now - eventsMs, runs: now - runsMs };
    // A clock that was set back begins anew as well.
    if (Math.abs(now - wholeAt) >= wholeEveryMs) {
      places = new Map();
      wholeAt = now;
      await removeKeys(now);
    }
    await remove(ages, places, 'is older than store.keep says');
  }

  async function remove(ages: Ages, from: Map<string, string>, why: string, goOn?: () => boolean): Promise<void> {
    const sweeps = agedSweeps(ages, createIsReplayed(historyBudget));
    const counts = await sweepAway(sweeps, { store, now: ages.now, signal, places: from, ...(goOn && { goOn }) });
    if (counts.size > 0) log.info(Object.fromEntries(counts), `removed what ${why}`);
  }

  async function removeKeys(now: number): Promise<void> {
    const before = now - keysMs;
    for (let count = -1; count !== 0 && !signal.aborted; ) {
      count = await store.write(async (tx) => {
        const removed = await eraseOldKeys(tx, firstIdAt(before), dayOf(before), keysAtOnce);
        if (removed > 0) await noteRemoved(tx, new Map([['key', removed]]), now);
        return removed;
      });
      await setImmediate();
    }
  }

  /** The oldest of all that is over, until it is enough. */
  async function keepBelow(): Promise<void> {
    const { maxBytes } = keep();
    const isTooLarge = (limit: number) => used() > limit;
    if (!isTooLarge(maxBytes)) {
      problem = undefined;
      return;
    }
    const oldest = (await findOldest(store.read)) ?? clock.now();
    const from = new Map<string, string>();
    for (let step = 1; step <= stepsThroughTime && isTooLarge(maxBytes * enough) && !signal.aborted; step += 1) {
      // Asked each time: more comes meanwhile.
      const now = clock.now();
      const before = oldest + ((now - oldest) * step) / stepsThroughTime;
      const ages = { now, filtered: before, events: before, runs: before };
      await remove(ages, from, 'was oldest: the store is larger than store.keep.maxBytes', () =>
        isTooLarge(maxBytes * enough),
      );
    }
    problem = isTooLarge(maxBytes)
      ? `It has ${megabytes(used())}, and store.keep.maxBytes says ${megabytes(maxBytes)}: what is left is open, unread or part of a conversation.`
      : undefined;
  }

  async function giveRoomBack(): Promise<void> {
    const { isLow } = await diskRoom(path.dirname(parts.file));
    const isWorthIt = () => {
      const { fileBytes, freeBytes, canShrink } = store.upkeep.sizes();
      return canShrink && freeBytes > (isLow ? 0 : Math.max(slack.bytes, fileBytes * slack.share));
    };
    while (isWorthIt() && !signal.aborted) {
      store.upkeep.shrink(pagesAtOnce);
      await setImmediate();
    }
    if (isLow) store.upkeep.settle();
  }

  async function lookNow(): Promise<void> {
    const now = clock.now();
    await removeAged(now);
    await keepBelow();
    await giveRoomBack();
  }

  function next(): void {
    if (!signal.aborted) cancel = clock.after(everyMs, () => void look().then(next));
  }

  function look(): Promise<void> {
    looking = looking.then(lookNow).catch((error) => {
      log.error({ err: error }, `cannot remove what is old: ${messageOf(error)}`);
    });
    return looking;
  }

  return {
    start: next,
    look,
    problem: () => problem,
    async stop() {
      stopping.abort();
      cancel();
      await looking;
    },
  };
}

const megabytes = (bytes: number) => `${Math.round(bytes / 1e6)} MB`;
