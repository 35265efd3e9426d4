import { TurnError } from '../domain/errors.ts';

export interface TimeLimit {
  readonly signal: AbortSignal;
  abort(reason: Error): void;
  clear(): void;
}

/** A signal that aborts with a time-out, or when the worker stops; cleared, it leaves no timer and no listener behind. */
export function limitTime(seconds: number, stopping: AbortSignal): TimeLimit {
  const controller = new AbortController();
  const abort = (reason: Error) => controller.abort(reason);
  const stop = () => abort(stopping.reason);
  const timer = setTimeout(
    () => abort(new TurnError('timeout', `the turn took longer than ${seconds} s`)),
    seconds * 1000,
  );
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
