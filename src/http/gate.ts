import { setTimeout } from 'node:timers/promises';
import type { Request, Response } from 'express';
import { presentedToken, type TokenCheck } from '../ingest/authenticate.ts';
import type { Throttle } from '../ingest/throttle.ts';
import { type Refuse, refuse } from './answer.ts';

/** How long the answer to a guess is held back, of an address that has used up its tries. */
const guessMs = 250;

/** Lets a request with the right token pass; turns it away otherwise. Resolves to whether it passed. */
export async function pass(
  req: Request,
  res: Response,
  gate: { isValid: TokenCheck; throttle: Throttle },
): Promise<boolean> {
  if (gate.isValid(presentedToken(req.headers))) {
    gate.throttle.forgive(() => addressOf(req));
    return true;
  }
  await turnAway(req, res, gate.throttle);
  return false;
}

/** Counts a failed authentication and answers it: the same for every reason, so that it helps nobody to guess. */
export async function turnAway(
  req: Request,
  res: Response,
  throttle: Throttle,
  say: Refuse = refuse,
): Promise<401 | 429> {
  const wait = throttle.fail(addressOf(req));
  if (wait === 0) {
    say(res, 401, 'unauthorized', { 'WWW-Authenticate': 'Bearer' });
    return 401;
  }
  // One guess at a time and connection, and a pause after each.
  await setTimeout(guessMs);
  const close = req.complete ? { Connection: 'close' } : {};
  say(res, 429, 'too many failed authentications', { 'Retry-After': String(wait), ...close });
  return 429;
}

export function addressOf(req: Request): string {
  return req.ip ?? 'unknown';
}
