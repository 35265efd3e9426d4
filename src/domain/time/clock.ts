/** The time of day, and waking up at one. What is under way is timed by the machine's own clock, which nobody sets. */
export interface Clock {
  /** epoch ms */
  now(): number;
  /** Calls back in `ms`; returns what takes that back. */
  after(ms: number, wake: () => void): () => void;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  after(ms, wake) {
    const timer = setTimeout(wake, ms);
    return () => clearTimeout(timer);
  },
};
