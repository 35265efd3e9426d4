import { hash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { IssuerKeys } from './issuer-keys.ts';

/** What a proof may be about. Parameters and headers are as Node gives them: headers in lower case. */
export interface SignedRequest {
  readonly method: string;
  readonly headers: IncomingHttpHeaders;
  /** the last value of each parameter */
  readonly query: Readonly<Record<string, string>>;
  /** the query as it came, with its question mark; empty where there is none */
  readonly search: string;
  /** the bytes as they came */
  readonly rawBody: Buffer;
}

/** Which part of the proof failed. */
export type ProofStep =
  | 'no secret'
  | 'header missing'
  | 'malformed'
  | 'clock'
  | 'no match'
  | 'downgrade'
  | 'not covered'
  | 'token refused'
  | 'keys unavailable'
  | 'does not load'
  | 'token';

/** `detail` is for the owner's log and record, never for the sender: what failed and how to mend it. It holds no secret. */
export interface Refusal {
  readonly ok: false;
  readonly step: ProofStep;
  readonly detail: string;
}

interface Proof {
  readonly ok: true;
  /** who proved to be the sender: the same for all that one key signs, another for any other key; never the secret itself */
  readonly signer: string;
}

export type Verdict = Proof | Refusal;

/**
 * What tells one delivery from another, the same in each attempt; null where the sender says nothing of the kind. An id that
 * is not signed may be chosen by whoever replays a request: the hash of the body has to join it.
 */
export interface Identity {
  readonly ok: true;
  readonly deliveryId: string | null;
  readonly idIsSigned: boolean;
  /** the body without the time of the attempt, where that stands in it */
  readonly timelessBody?: string;
}

/** What some senders must be answered before they send events. */
export interface Handshake {
  readonly status: 200;
  readonly contentType: 'text/plain' | 'application/json';
  readonly body: string;
}

/** Of a delivery that we make ourselves: an id, and the time in epoch ms. */
export interface ProofStamp {
  readonly id: string;
  readonly now: number;
}

/** Used in this order: verify the bytes, parse them, answer a handshake, identify the delivery. */
export interface Verifier extends Judge {
  /** GET only where the scheme has a handshake that is one. */
  readonly methods: readonly ('POST' | 'GET')[];
  /** The answer to a handshake, which is no event; null for everything else. */
  handshake(request: SignedRequest, payload: unknown): Handshake | null;
}

/** What a scheme says of requests, with the options of one `verify`. */
export interface Judge {
  /** What proves the sender, in lower case: it must not travel on to templates, log or store. */
  readonly credentials: { readonly headers: readonly string[]; readonly query: readonly string[] };
  /** Whether the proof is about the body, too. Else it is judged before the body has come. */
  readonly signsBody: boolean;
  /** Whether the sender is who it says, by bytes and headers alone. A promise only where keys may have to be fetched. */
  verify(request: SignedRequest): Verdict | Promise<Verdict>;
  /** The id of a verified delivery. Refuses what the signed payload itself says is too old. */
  identify(request: SignedRequest, payload: unknown): Identity | Refusal;
  /** A sample payload as if it happened now: with this id and time where its sender has them in the body. */
  restamp(payload: unknown, stamp: ProofStamp): unknown;
  /** The headers that a real sender of this body would add; absent where only the sender can make them. */
  sign?(body: Buffer, stamp: ProofStamp): Record<string, string>;
}

export interface VerifierDeps {
  /** epoch ms */
  readonly now?: () => number;
  /** the keys that an issuer names at an address; shared by all that ask there */
  readonly issuerKeys?: (url: URL) => IssuerKeys;
}

export function refusal(step: ProofStep, detail: string): Refusal {
  return { ok: false, step, detail };
}

export const noSecret = refusal('no secret', 'no usable secret is configured, so nothing can be accepted: set one');

/** A header that came, and is not empty. */
export function headerOf(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** The first of several headers that came. */
export function firstHeader(headers: IncomingHttpHeaders, names: readonly string[]): string | null {
  for (const name of names) {
    const value = headerOf(headers, name);
    if (value !== undefined) return value;
  }
  return null;
}

/**
 * Names who signs, the same after every start: 16 hex digits of a hash over the scheme and the key that matched. A delivery's
 * id is worth something only together with it.
 * @param key what tells one signer of a scheme from another: a secret, or whom an issuer speaks of
 */
export function signerOf(scheme: string, ...key: readonly (string | Buffer)[]): string {
  const parts = key.map((part) => (typeof part === 'string' ? part : part.toString('base64')));
  return hash('sha256', JSON.stringify([scheme, ...parts])).slice(0, 16);
}
