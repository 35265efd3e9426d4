import { isOver, type Run } from '../../domain/run.ts';
import type { LiveRuns, Notice } from './live-runs.ts';

/** Another process may do the work, of which this one hears nothing: the store is asked this often, in ms. */
const askEveryMs = 1000;

interface Followed<T> {
  /** what the store says now, which is asked often; undefined where it is gone */
  readonly load: () => Promise<T | undefined>;
  /** told of each state as it is read, the first at once */
  readonly onState?: (state: T) => Promise<void>;
  /** told of what is heard between two states */
  readonly onNotice?: (notice: Exclude<Notice, { kind: 'changed' }>) => void;
  /** ends it */
  readonly signal: AbortSignal;
}

/** Follows a run or a workflow from now on. Resolves to its last state when it has ended; to undefined if it is gone, or the signal aborts. */
export async function follow<T extends Pick<Run, 'status'>>(
  live: LiveRuns,
  id: string,
  { load, onState = async () => {}, onNotice = () => {}, signal }: Followed<T>,
): Promise<T | undefined> {
  const waiting: Notice[] = [{ kind: 'changed' }];
  let wake = () => {};
  const unfollow = live.follow(id, (notice) => {
    waiting.push(notice);
    wake();
  });
  const stop = () => wake();
  signal.addEventListener('abort', stop);
  try {
    while (!signal.aborted) {
      const notice = waiting.shift();
      if (notice === undefined) {
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
        const ended = state === undefined || isOver(state);
        // What was said before the end is told before it.
        if (ended) for (const late of waiting) if (late.kind !== 'changed') onNotice(late);
        if (state) await onState(state);
        if (ended) return state;
      }
    }
    return undefined;
  } finally {
    signal.removeEventListener('abort', stop);
    unfollow();
  }
}
