/** The runs that this process has under way. Nothing here is durable: the store has what counts, this only says it sooner. */
export interface LiveRuns {
  /** An attempt begins; `abort` breaks it off. Returns a function for when it is over and its end is stored. */
  begin(runId: string, abort: (reason: Error) => void): () => void;
  /** Breaks off the attempt that is under way; false where there is none. */
  abort(runId: string, reason: Error): boolean;
  /** Calls back when an attempt has begun or is over. Returns a function that ends this. */
  follow(runId: string, onChange: () => void): () => void;
}

export function createLiveRuns(): LiveRuns {
  const underWay = new Map<string, (reason: Error) => void>();
  const followers = new Map<string, Set<() => void>>();
  const tell = (runId: string) => {
    for (const onChange of followers.get(runId) ?? []) onChange();
  };
  return {
    begin(runId, abort) {
      underWay.set(runId, abort);
      tell(runId);
      return () => {
        underWay.delete(runId);
        tell(runId);
      };
    },
    abort(runId, reason) {
      const abort = underWay.get(runId);
      abort?.(reason);
      return abort !== undefined;
    },
    follow(runId, onChange) {
      const all = followers.get(runId) ?? new Set();
      followers.set(runId, all.add(onChange));
      return () => {
        all.delete(onChange);
        if (all.size === 0) followers.delete(runId);
      };
    },
  };
}
