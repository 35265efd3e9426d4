import type { LiveRuns, Notice } from './live-runs.ts';

/** Another process may do the work, of which this one hears nothing: the store is asked this often, in ms. */
const askEveryMs = 1000;

interface Followed<T> {
  /** what the store says now */
  readonly load: () => Promise<T>;
  readonly hasEnded: (state: T) => boolean;
  /** told of each state as it is read, the first at once */
  readonly onState?: (state: T) => void;
  /** told of what is heard between two states */
  readonly onNotice?: (notice: Exclude<Notice, { kind: 'changed' }>) => void;
  /** ends it */
  readonly signal: AbortSignal;
}

/** Follows a run from now on. Resolves to its last state when it has ended; to undefined if the signal aborts before that. */
export async function follow<T>(live: LiveRuns, id: string, followed: Followed<T>): Promise<T | undefined> {
  const { load, hasEnded, onState = () => {}, onNotice = () => {}, signal } = followed;
  const waiting: Notice[] = [{ kind: 'changed' }];
  let wake = () => {};
  const unfollow = live.follow(id, (notice) => {
    waiting.push(notice);
    wake();
  });
  const stop = () => wake();
  signal.addEventListener('abort', stop);
  try {
    for (;;) {
      const notice = waiting.shift();
      if (notice === undefined) {
        if (signal.aborted) return undefined;
        const woken = new Promise<void>((resolve) => {
          wake = resolve;
        });
        const timer = setTimeout(() => waiting.push({ kind: 'changed' }) && wake(), askEveryMs);
        await woken;
        clearTimeout(timer);
      } else if (notice.kind !== 'changed') {
        onNotice(notice);
      } else {
        const state = await load();
        const ended = hasEnded(state);
        // What was said before the end is told before it.
        if (ended) for (const late of waiting) if (late.kind !== 'changed') onNotice(late);
        onState(state);
        if (ended) return state;
      }
    }
  } finally {
    signal.removeEventListener('abort', stop);
    unfollow();
  }
}
