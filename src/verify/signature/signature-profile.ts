import type { HeaderSet } from '../scheme.ts';

export type HmacAlgorithm = 'sha1' | 'sha256' | 'sha512';
export type SignatureEncoding = 'hex' | 'base64';

export interface TimestampRule {
  /** a header, an item of the signature header by its prefix, or, once the signature holds, a field of the payload */
  readonly in: 'header' | { readonly item: string } | { readonly payload: readonly string[] };
  readonly unit: 's' | 'ms';
  readonly toleranceSeconds: number;
}

/** How one sender signs, as data. */
export interface SignatureProfile {
  /** where the owner finds or sets the secret; completes "compare the secret with …" */
  readonly secretAt: string;
  /** what to do about a missing signature */
  readonly ifMissing: string;
  /** sets of names that the sender uses, the newest first */
  readonly headers: readonly [HeaderSet, ...HeaderSet[]];
  /** between several signatures; a comma unless given */
  readonly separator?: ' ' | ',';
  /** signatures made with a shared secret */
  readonly hmac?: { readonly prefix: string; readonly algorithm: HmacAlgorithm; readonly encoding: SignatureEncoding };
  /** signatures checked with a public key */
  readonly ed25519?: { readonly prefix: string; readonly encoding: SignatureEncoding };
  /** what is signed, of `{body}`, `{timestamp}` and `{id}` */
  readonly signed: string;
  readonly timestamp?: TimestampRule;
  /** where the payload has the id of the delivery, if headers do not */
  readonly idInPayload?: readonly string[];
}
