import { hash } from 'node:crypto';
import type { Scheme } from '../../domain/verify.ts';

/**
 * Names who signs, the same after every start: 16 hex digits of a hash over the scheme and the key that matched. A delivery's
 * id is worth something only together with it.
 * @param key what tells one signer of a scheme from another: a secret, or whom an issuer speaks of
 */
export function signerOf(scheme: Scheme, ...key: readonly (string | Buffer)[]): string {
  const parts = key.map((part) => (typeof part === 'string' ? part : part.toString('base64')));
  return hash('sha256', JSON.stringify([scheme, ...parts])).slice(0, 16);
}
