import type { Step } from './verify/verifier.ts';

/** A call of a hook that nobody could prove to be theirs. */
export interface RefusedRequest {
  /** epoch ms */
  readonly time: number;
  readonly hook: string;
  readonly status: 401 | 429 | 503;
  readonly step: Step;
  /** how to mend it, for the owner; no secret and nothing of the body */
  readonly detail: string;
}

/** What was refused of late, in memory only: strangers write nothing to the store. */
export interface Refusals {
  add(refused: RefusedRequest): void;
  /** newest first */
  list(): readonly RefusedRequest[];
}

const kept = 200;
/** The name comes from a stranger, who may have chosen a very long one. */
const longestHook = 100;

export function createRefusals(): Refusals {
  let newestFirst: readonly RefusedRequest[] = [];
  return {
    add(refused) {
      newestFirst = [{ ...refused, hook: refused.hook.slice(0, longestHook) }, ...newestFirst.slice(0, kept - 1)];
    },
    list: () => newestFirst,
  };
}
