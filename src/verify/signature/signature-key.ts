import { createHmac, createPublicKey, createSecretKey, timingSafeEqual, verify } from 'node:crypto';
import { decodeBase64, decodeHex } from '../encoding.ts';
import type { HmacAlgorithm, SignatureEncoding, SignatureProfile } from './signature-profile.ts';

/** What a secret is good for: to make and check an HMAC, or, as a public key, only to check. */
export interface VerifyKey {
  readonly kind: 'hmac' | 'ed25519';
  readonly bytes: Buffer;
}

/** The key that these bytes are; null where they could not be read, or there are none. */
export function hmacKey(bytes: Buffer | null): VerifyKey | null {
  return bytes && bytes.length > 0 ? { kind: 'hmac', bytes } : null;
}

/** The same of a public key. */
export function ed25519Key(bytes: Buffer | null): VerifyKey | null {
  return bytes?.length === 32 ? { kind: 'ed25519', bytes } : null;
}

/** What is signed, in pieces, so that no body is copied for it. */
export type SignedMessage = readonly Buffer[];

/** A configured secret, ready to check signatures with. */
export interface SignatureKey {
  /** what its signatures start with */
  readonly prefix: string;
  /** the key as it is configured, for whoever names it */
  readonly bytes: Buffer;
  /** The bytes of a signature, its prefix taken off; null where it has not the shape of one. */
  decode(text: string): Buffer | null;
  /** Whether one of the signatures, each decoded by this key, is right. */
  matches(message: SignedMessage, signatures: readonly Buffer[]): boolean;
  /** A signature with its prefix; absent where the key can only check. */
  sign?(message: SignedMessage): string;
}

const digestBytes: Readonly<Record<HmacAlgorithm, number>> = { sha1: 20, sha256: 32, sha512: 64 };

/** An Ed25519 public key is 32 bytes; Node wants them in a frame that says so. */
const spkiPrefix = Buffer.from('302a300506032b6570032100', 'hex');

/** Null where the scheme has no use for a key of this kind. */
export function createSignatureKey({ hmac, ed25519 }: SignatureProfile, key: VerifyKey): SignatureKey | null {
  if (key.kind === 'hmac') {
    return hmac ? sharedKey(key.bytes, hmac) : null;
  }
  return ed25519 ? publicKey(key.bytes, ed25519.prefix, ed25519.encoding) : null;
}

function sharedKey(
  bytes: Buffer,
  { prefix, algorithm, encoding }: NonNullable<SignatureProfile['hmac']>,
): SignatureKey {
  const key = createSecretKey(bytes);
  function digest(message: SignedMessage): Buffer {
    const hmac = createHmac(algorithm, key);
    for (const piece of message) hmac.update(piece);
    return hmac.digest();
  }
  return {
    prefix,
    bytes,
    decode: (text) => decodeSignature(text, encoding, digestBytes[algorithm]),
    matches(message, signatures) {
      const expected = digest(message);
      return signatures.some((signature) => timingSafeEqual(expected, signature));
    },
    sign: (message) => prefix + digest(message).toString(encoding),
  };
}

function publicKey(bytes: Buffer, prefix: string, encoding: SignatureEncoding): SignatureKey {
  const key = createPublicKey({ key: Buffer.concat([spkiPrefix, bytes]), format: 'der', type: 'spki' });
  return {
    prefix,
    bytes,
    decode: (text) => decodeSignature(text, encoding, 64),
    matches(message, signatures) {
      const signed = Buffer.concat(message);
      return signatures.some((signature) => verify(null, signed, key, signature));
    },
  };
}

/** Exactly as many bytes as the algorithm makes, so that comparing them cannot fail. */
export function decodeSignature(text: string, encoding: SignatureEncoding, length: number): Buffer | null {
  const bytes = (encoding === 'hex' ? decodeHex : decodeBase64)(text);
  return bytes?.length === length ? bytes : null;
}
