import type { Clock } from '../../src/domain/time/clock.ts';

/** A clock that stands still until it is moved. */
export interface FakeClock extends Clock {
  /** Moves it on and wakes who waited for that. */
  advance(ms: number): void;
  /** Sets it, forwards or back, as an owner does: who waits for a span goes on waiting for what is left of it. */
  set(now: number): void;
  /** how many wait for it */
  readonly waiting: () => number;
}

export function fakeClock(start = Date.parse('2026-11-23T10:00:00Z')): FakeClock {
  let now = start;
  const timers = new Set<{ left: number; readonly wake: () => void }>();
  return {
    now: () => now,
    after(ms, wake) {
      const timer = { left: Math.max(0, ms), wake };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    advance(ms) {
      now += ms;
      for (const timer of timers) timer.left -= ms;
      for (const timer of [...timers].filter(({ left }) => left <= 0)) if (timers.delete(timer)) timer.wake();
    },
    set(time) {
      now = time;
    },
    waiting: () => timers.size,
  };
}
