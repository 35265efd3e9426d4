export interface TimeLimit {
  readonly signal: AbortSignal;
  abort(reason: Error): void;
  clear(): void;
}

/**
 * A signal that aborts after `ms` with what `late` makes, or when the worker stops; cleared, it leaves no timer and no listener
 * behind.
 */
export function limitTime(ms: number, late: () => Error, stopping: AbortSignal): TimeLimit {
  const controller = new AbortController();
  const abort = (reason: Error) => controller.abort(reason);
  const stop = () => abort(stopping.reason);
  const timer = setTimeout(() => abort(late()), ms);
  stopping.addEventListener('abort', stop);
  if (stopping.aborted) stop();
  return {
    signal: controller.signal,
    abort,
    clear() {
      clearTimeout(timer);
      stopping.removeEventListener('abort', stop);
    },
  };
}
