import { decodeBase64, decodeHex } from './encoding.ts';
import type { Verify } from './verify.ts';

/** What a secret is good for: to make and check an HMAC, or, as a public key, only to check. */
export interface VerifyKey {
  readonly kind: 'hmac' | 'ed25519';
  readonly bytes: Buffer;
}

/** GitLab's signing tokens are written like the secrets of Standard Webhooks; its older tokens are any text. */
export function isSigningToken(secret: string): boolean {
  return secret.startsWith('whsec_');
}

/**
 * The key that a configured secret (discord: public key) is. Null where it is not written as its scheme needs it. Stripe's
 * secrets look like those of Standard Webhooks, but are keys as they stand.
 */
export function verifyKey({ scheme, keyEncoding }: Verify, secret: string): VerifyKey | null {
  switch (scheme) {
    case 'discord':
      return publicKey(decodeHex(secret));
    case 'gitlab':
      return isSigningToken(secret) ? hmacKey(decodeBase64(secret.slice('whsec_'.length))) : null;
    case 'standard-webhooks':
      if (secret.startsWith('whpk_')) return publicKey(decodeBase64(secret.slice('whpk_'.length)));
      if (keyEncoding === 'utf8') return hmacKey(Buffer.from(secret));
      return hmacKey((keyEncoding === 'hex' ? decodeHex : decodeBase64)(secret.replace(/^whsec_/, '')));
    case 'hmac':
      if (keyEncoding === 'hex') return hmacKey(decodeHex(secret));
      if (keyEncoding === 'base64') return hmacKey(decodeBase64(secret));
      return hmacKey(Buffer.from(secret));
    default:
      return hmacKey(Buffer.from(secret));
  }
}

function hmacKey(bytes: Buffer | null): VerifyKey | null {
  return bytes && bytes.length > 0 ? { kind: 'hmac', bytes } : null;
}

function publicKey(bytes: Buffer | null): VerifyKey | null {
  return bytes?.length === 32 ? { kind: 'ed25519', bytes } : null;
}
