/** What may wait for a thread at once, and how long. */
export interface WaitLimits {
  readonly ms: number;
  readonly count: number;
  /** of the bodies of those that wait */
  readonly bytes: number;
}

export interface Turns {
  /**
   * Resolves when there is a place; those that wait have theirs in the order in which they came. Rejects where too many wait, or
   * one has waited for too long, and with the reason of `signal`. `bytes` is what is kept while it waits.
   */
  take(bytes: number, signal: AbortSignal): Promise<void>;
  /** Gives a place back. */
  free(): void;
}

/** So that what waits is bounded, and its calls are only put together when there is a place for them. */
export function createTurns(places: number, limits: WaitLimits): Turns {
  const waiting = new Set<() => void>();
  let free = places;
  let bytesWaiting = 0;

  function wait(bytes: number, signal: AbortSignal): Promise<void> {
    if (waiting.size > 0 && (waiting.size >= limits.count || bytesWaiting + bytes > limits.bytes)) {
      throw new Error('was not begun, since too many events wait for transforms');
    }
    bytesWaiting += bytes;
    return new Promise((resolve, reject) => {
      const leave = () => {
        bytesWaiting -= bytes;
        waiting.delete(begin);
        clearTimeout(timer);
        signal.removeEventListener('abort', onAbort);
      };
      const begin = () => {
        leave();
        resolve();
      };
      const give = (reason: unknown) => {
        leave();
        reject(reason);
      };
      const onAbort = () => give(signal.reason);
      const late = () =>
        give(new Error(`was not begun, since other transforms took up all threads for ${limits.ms} ms`));
      const timer = setTimeout(late, limits.ms);
      signal.addEventListener('abort', onAbort);
      waiting.add(begin);
    });
  }

  return {
    async take(bytes, signal) {
      signal.throwIfAborted();
      if (free === 0) return wait(bytes, signal);
      free -= 1;
    },
    free() {
      const [next] = waiting;
      if (next) next();
      else free += 1;
    },
  };
}
