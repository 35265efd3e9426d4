import type { Logger } from 'pino';
import { visible } from '../domain/text/invisible.ts';
import type { Clock } from '../domain/time/clock.ts';
import type { ProofStep } from '../verify/verifier.ts';
import { createLineLimit } from './line-limit.ts';

/** Where a request came to its end: a part of the proof, or a check before or after it. */
export type RefusedStep =
  | ProofStep
  | 'path'
  | 'token in the URL'
  | 'method'
  | 'name'
  | 'encoding'
  | 'too large'
  | 'unreadable'
  | 'no room'
  | 'hung up'
  | 'not stored'
  | 'internal'
  | 'connection';

/** A request that nobody could prove to be theirs, or that could not be stored. */
export interface RefusedRequest {
  /** epoch ms */
  readonly time: number;
  readonly hook: string;
  readonly method: string;
  /** without its query */
  readonly path: string;
  /** the content type; empty where none came */
  readonly type: string;
  readonly address: string;
  /** the answer's HTTP status */
  readonly status: number;
  readonly step: RefusedStep;
  /** how to mend it, for the owner; no secret and nothing of the body */
  readonly detail: string;
  /** how its body begins, as text */
  readonly body: string;
}

/** What was refused of late, in memory only: strangers write nothing to the store. */
export interface Refusals {
  /** Returns the row, whose `body` can be filled in as it comes. */
  add(refused: Omit<RefusedRequest, 'time' | 'body'>, begins?: Buffer): { fill(begins: Buffer): void };
  /** newest first */
  list(): readonly RefusedRequest[];
}

const kept = 1000;
/** Bytes of a body that are shown. */
export const shownBytes = 200;
/** Most of it comes from a stranger, who may have chosen very long ones. In characters, together less than 1 KB. */
const longest = { hook: 100, method: 20, path: 150, type: 80, address: 45, detail: 400 };
/** Of one reason, in a minute. Whoever sends them chooses how many there are. */
const mostLines = 60;

/** A list of refusals that tells of each: the metric always, the log within its bound. */
export function createRefusals({
  log,
  clock,
  onRefused,
}: {
  readonly log: Logger;
  readonly clock: Clock;
  readonly onRefused: (step: RefusedStep) => void;
}): Refusals {
  const ring: RefusedRequest[] = [];
  let next = 0;
  const mayLog = createLineLimit({ lines: mostLines, perMs: 60_000 }, (step, more) =>
    log.warn({ step, more }, `${more} more requests were refused like this in the last minute`),
  );
  // What keeps a proof from being judged is told once: until it is mended its senders may call often.
  const mayLogCause = createLineLimit({ lines: 1, perMs: 60_000 });

  function tell({ hook, step, detail, status }: RefusedRequest): void {
    // An address that is locked out has been logged often enough.
    const isUnjudged = step === 'does not load' || step === 'keys unavailable';
    if (status === 429 || (isUnjudged && !mayLogCause(detail)) || !mayLog(step)) return;
    const line = { hook, step, detail };
    // Whoever looks around tries no proof.
    if (step === 'path' || step === 'method') log.debug(line, 'request refused');
    else log.warn(line, 'request refused');
  }

  return {
    add(refused, begins) {
      const row = { ...bounded(refused), time: clock.now(), body: begins ? beginning(begins) : '' };
      ring[next] = row;
      next = (next + 1) % kept;
      onRefused(row.step);
      tell(row);
      return {
        fill(more) {
          row.body = beginning(more);
        },
      };
    },
    list: () => [...ring.slice(next), ...ring.slice(0, next)].reverse(),
  };
}

function bounded<T extends Record<keyof typeof longest, string>>(row: T): T {
  const names = Object.keys(longest) as (keyof typeof longest)[];
  return { ...row, ...Object.fromEntries(names.map((name) => [name, row[name].slice(0, longest[name])])) };
}

function beginning(body: Buffer): string {
  // As a stream: a character that is cut at the end is left out.
  return visible(new TextDecoder().decode(body.subarray(0, shownBytes), { stream: true }));
}
