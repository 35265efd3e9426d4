import { hash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { refuse, type Verdict, verified } from './verify/verifier.ts';

/** The token of a request: `Authorization: Bearer` first, else `x-gimli-token`; an empty Bearer does not count. */
export function presentedToken(headers: IncomingHttpHeaders): string | undefined {
  const bearer = /^bearer\s+(\S.*)$/i.exec(headers.authorization ?? '')?.[1];
  const own = headers['x-gimli-token'];
  return bearer?.trim() ?? (typeof own === 'string' && own !== '' ? own : undefined);
}

/** Compares digests, so neither content nor length of the expected token shows in the time it takes. */
export function createTokenCheck(expected: string | undefined): (presented: string | undefined) => boolean {
  const want = digest(expected ?? '');
  return (presented) => timingSafeEqual(digest(presented ?? ''), want) && Boolean(expected);
}

/** Whether the token came that stands in the config at `setting`. */
export function checkHookToken(
  presented: string | undefined,
  isValid: ReturnType<typeof createTokenCheck>,
  setting: 'hooks.token' | 'specs.secret' = 'hooks.token',
): Verdict {
  if (isValid(presented)) return verified;
  if (presented === undefined) return refuse('token', `no hook token came: send ${setting} as Authorization: Bearer`);
  return refuse('token', `the token that came is not ${setting}: compare what the sender was given`);
}

function digest(text: string): Buffer {
  return hash('sha256', text, 'buffer');
}
