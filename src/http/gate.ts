import type { Request, Response } from 'express';
import { type createTokenCheck, presentedToken } from '../ingest/authenticate.ts';
import type { Throttle } from '../ingest/throttle.ts';
import { refuse } from './answer.ts';

export type TokenCheck = ReturnType<typeof createTokenCheck>;

/** Lets a request with the right token pass; answers it with 401 or 429 otherwise. Resolves to whether it passed. */
export async function pass(
  req: Request,
  res: Response,
  gate: { isValid: TokenCheck; throttle: Throttle; queryToken?: string | undefined },
): Promise<boolean> {
  const address = req.ip ?? 'unknown';
  if (gate.isValid(presentedToken(req.headers) ?? gate.queryToken)) {
    gate.throttle.forgive(address);
    return true;
  }
  const wait = await gate.throttle.fail(address);
  if (wait === 0) refuse(res, 401, 'unauthorized', { 'WWW-Authenticate': 'Bearer' });
  else refuse(res, 429, 'too many failed authentications', { 'Retry-After': String(wait) });
  return false;
}
