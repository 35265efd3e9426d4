import { decodeSecret } from './encoding.ts';
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
      return publicKey(decodeSecret(secret, 'hex'));
    case 'gitlab':
      return isSigningToken(secret) ? hmacKey(decodeSecret(secret.slice('whsec_'.length), 'base64')) : null;
    case 'standard-webhooks':
      if (secret.startsWith('whpk_')) return publicKey(decodeSecret(secret.slice('whpk_'.length), 'base64'));
      if (keyEncoding === 'utf8') return hmacKey(Buffer.from(secret));
      return hmacKey(decodeSecret(secret.replace(/^whsec_/, ''), keyEncoding ?? 'base64'));
    case 'hmac':
      return hmacKey(
        keyEncoding === 'hex' || keyEncoding === 'base64' ? decodeSecret(secret, keyEncoding) : Buffer.from(secret),
      );
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
