import { setTimeout } from 'node:timers/promises';
import type { Request, Response } from 'express';
import { type RefusalCode, refusalStatus } from '../domain/refusal.ts';
import type { Throttle } from '../ingest/throttle.ts';
import { presentedToken, type TokenCheck } from '../verify/token.ts';
import { refuse } from './errors.ts';

/** How long the answer to a guess is held back, of an address that has used up its tries. */
const guessMs = 250;

/** Lets a request with the right token pass; turns it away otherwise. Resolves to whether it passed. */
export async function pass(
  req: Request,
  res: Response,
  gate: { isValid: TokenCheck; throttle: Throttle; onRefused: (status: number) => void },
): Promise<boolean> {
  if (gate.isValid(presentedToken(req.headers))) {
    gate.throttle.forgive(() => addressOf(req));
    return true;
  }
  const { code, error, headers } = await countFailure(req, gate.throttle);
  gate.onRefused(refusalStatus[code]);
  refuse(res, code, error, { headers });
  return false;
}

/** How a failed authentication is answered. */
export interface Denial {
  readonly code: Extract<RefusalCode, 'unauthorized' | 'locked-out'>;
  readonly error: string;
  readonly headers: Record<string, string>;
}

/** Counts a failed authentication. The answer is the same for every reason, so that it helps nobody to guess. */
export async function countFailure(req: Request, throttle: Throttle): Promise<Denial> {
  const wait = throttle.fail(addressOf(req));
  if (wait === 0) return { code: 'unauthorized', error: 'unauthorized', headers: { 'WWW-Authenticate': 'Bearer' } };
  // One guess at a time and connection, and a pause after each.
  await setTimeout(guessMs);
  const headers = { 'Retry-After': String(wait), ...(req.complete && { Connection: 'close' }) };
  return { code: 'locked-out', error: 'too many failed authentications', headers };
}

export function addressOf(req: Request): string {
  return req.ip ?? 'unknown';
}
