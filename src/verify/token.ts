import { hash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { secretBytes } from '../domain/text/secret.ts';
import { refusal, type Verdict } from './verifier.ts';

/** Whether the bytes that came are those of a token. */
export type TokenCheck = (presented: Buffer | undefined) => boolean;

/**
 * The token of a request, byte for byte: `Authorization: Bearer` first, else `x-gimli-token`; an empty Bearer does not count.
 */
export function presentedToken(headers: IncomingHttpHeaders): Buffer | undefined {
  // Not \s, which also takes bytes of letters.
  const bearer = /^bearer[ \t]+([^ \t].*)$/i.exec(headers.authorization ?? '')?.[1];
  const own = headers['x-gimli-token'];
  const token = bearer ?? (typeof own === 'string' && own !== '' ? own : undefined);
  return token === undefined ? undefined : headerBytes(token);
}

/** The bytes of a header as they came: Node makes a character of each. */
export function headerBytes(value: string): Buffer {
  return Buffer.from(value, 'latin1');
}

const noBytes = Buffer.alloc(0);

/** Compares digests, so neither content nor length of the expected token shows in the time it takes. */
export function createTokenCheck(expected: string | undefined): TokenCheck {
  const wanted = secretBytes(expected ?? '').map(digest);
  return (presented) => {
    const came = digest(presented ?? noBytes);
    const matches = wanted.filter((want) => timingSafeEqual(came, want));
    return matches.length > 0 && Boolean(expected);
  };
}

/** Whether the token came that stands in the config at `setting`. */
export function checkHookToken(
  presented: Buffer | undefined,
  isValid: TokenCheck,
  setting: 'hooks.token' | 'specs.secret' = 'hooks.token',
): Verdict {
  if (isValid(presented)) return { ok: true, signer: setting };
  if (presented === undefined) return refusal('token', `no hook token came: send ${setting} as Authorization: Bearer`);
  return refusal('token', `the token that came is not ${setting}: compare what the sender was given`);
}

/** As text, since that takes Node a tenth of the time of a buffer; this is on the way of every request. */
function digest(bytes: Buffer): Buffer {
  return Buffer.from(hash('sha256', bytes, 'hex'), 'latin1');
}
