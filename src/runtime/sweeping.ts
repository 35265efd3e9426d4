import { setTimeout as pause, setImmediate } from 'node:timers/promises';
import { erase, type Noun, noteRemoved } from '../store/erase.ts';
import type { Store } from '../store/store.ts';
import type { Sweep } from '../store/sweeps.ts';

/** So long one transaction removes, in ms: requests of the same moment share it, and wait for it. */
const longestMs = 4;
/** Between two of them others have so many times as long. */
const restTimes = 4;
const shortestRestMs = 2;

export type Counts = ReadonlyMap<Noun, number>;

export interface Sweeping {
  readonly store: Store;
  readonly now: number;
  readonly signal: AbortSignal;
  /** where each sweep goes on, by its name, and where it then was; without it each begins at its begin */
  readonly places?: Map<string, string>;
  /** asked after each step: false ends it */
  readonly goOn?: () => boolean;
}

/** Removes what the sweeps find, in small transactions with pauses. Ends early when the signal aborts. */
export async function sweepAway(sweeps: readonly Sweep[], sweeping: Sweeping): Promise<Counts> {
  const { store, now, signal, places = new Map<string, string>(), goOn = () => true } = sweeping;
  const total = new Map<Noun, number>();
  for (const sweep of sweeps) {
    let isOver = false;
    while (!isOver && !signal.aborted && goOn()) {
      const after = places.get(sweep.name) ?? '';
      // Mostly there is nothing, and to see that needs no transaction.
      const seen = await sweep.next(store.read, after);
      if (seen.found.length === 0) {
        if (seen.last === null) break;
        places.set(sweep.name, seen.last);
        await setImmediate();
        continue;
      }
      const step = await store.write(async (tx) => {
        const began = performance.now();
        const { found, last } = await sweep.next(tx, after);
        const counts = new Map<Noun, number>();
        let done = 0;
        for (const one of found) {
          if (done > 0 && performance.now() - began > longestMs) break;
          for (const [noun, count] of await erase(tx, one)) add(counts, noun, count);
          done += 1;
        }
        await noteRemoved(tx, counts, now);
        return { counts, last, isWhole: done === found.length, ms: performance.now() - began };
      });
      for (const [noun, count] of step.counts) add(total, noun, count);
      // What is left of this slice is found again; what was removed is not.
      if (step.isWhole) {
        if (step.last === null) isOver = true;
        else places.set(sweep.name, step.last);
      }
      await pause(Math.max(shortestRestMs, step.ms * restTimes), undefined, { signal }).catch(() => {});
    }
  }
  return total;
}

/** How many it would be. */
export async function countSwept(sweeps: readonly Sweep[], store: Store): Promise<Counts> {
  const seen = new Set<string>();
  const total = new Map<Noun, number>();
  for (const sweep of sweeps) {
    for (let after: string | null = ''; after !== null; ) {
      const { found, last } = await sweep.next(store.read, after);
      for (const one of found) {
        // Several reasons may lead to the same.
        const key = `${one.noun} ${one.id}`;
        if (!seen.has(key)) add(total, one.noun, 1);
        seen.add(key);
      }
      after = last;
      await pause(0);
    }
  }
  return total;
}

function add(counts: Map<Noun, number>, noun: Noun, count: number): void {
  counts.set(noun, (counts.get(noun) ?? 0) + count);
}
