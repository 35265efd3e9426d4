import { type Payload, readBytes } from '../domain/payload/read-payload.ts';
import type { Mapping } from '../mapping/mapping.ts';
import { judgeHead, type RequestHead } from '../verify/judge-head.ts';
import {
  type Handshake,
  type Identity,
  type Refusal,
  refusal,
  type SignedRequest,
  type Verdict,
  type Verifier,
} from '../verify/verifier.ts';
import { cleanHeaders } from './credentials/clean-headers.ts';
import { cleanQuery } from './credentials/clean-query.ts';
import { type DeliveryKey, onceByDelivery, onceByHeader } from './once.ts';

/** A mapping that may answer, and what its senders have to prove; undefined for the hook token. */
export interface Candidate {
  readonly mapping: Mapping;
  readonly verifier: Verifier | undefined;
}

/** How far the proof of a request has come. */
export interface Proof {
  readonly ok: true;
  readonly hasToken: boolean;
  /** those that hold, with who signed */
  readonly proven: ReadonlyMap<Verifier, string>;
  /** those for which the body decides */
  readonly open: readonly Verifier[];
  /** the ways in that failed; that by the token is the last, and undefined where it is none */
  readonly refusals: readonly Refusal[];
  readonly tokenRefusal: Refusal | undefined;
}

/** What a request says. */
export type ReadRequest = Pick<Admitted, 'payload' | 'notes' | 'isExact' | 'query' | 'rawQuery'>;

/** A request whose sender is known, with nothing left in it that proves who that is. */
export interface Admitted {
  readonly ok: true;
  /** the mappings that the sender may reach, in their order */
  readonly candidates: readonly Mapping[];
  readonly headers: Record<string, string>;
  readonly query: Record<string, unknown>;
  readonly payload: unknown;
  /** what could not be read as it was meant */
  readonly notes: readonly string[];
  /** whether no other body has the same payload */
  readonly isExact: boolean;
  /** the query without its token, where other bytes could have become the same parameters */
  readonly rawQuery?: string;
  /** what tells the delivery from its repetition; undefined where nothing does */
  readonly once: DeliveryKey | undefined;
  /** what to answer at once, where the request is no event */
  readonly handshake: { readonly mapping: Mapping; readonly answer: Handshake } | null;
}

/** The methods of a hook: a handshake may have one of its own. */
export function methodsOf(candidates: readonly Candidate[]): string[] {
  return [...new Set(['POST', ...verifiersOf(candidates).flatMap(({ methods }) => methods)])];
}

/** Whether the hook token opens any of them. */
export function takesToken(candidates: readonly Candidate[]): boolean {
  return candidates.length === 0 || candidates.some(({ verifier }) => !verifier);
}

/**
 * Finds out what the head of a request proves. Mappings that ask for a proof are open to that proof alone, the others to the hook
 * token alone. A refusal where no body could change it.
 * @param token whether the hook token came
 */
export async function proveByHead(
  candidates: readonly Candidate[],
  head: RequestHead,
  token: Verdict,
): Promise<Proof | Refusal> {
  const verifiers = verifiersOf(candidates);
  const isTaken = takesToken(candidates);
  const hasToken = isTaken && token.ok && (verifiers.length === 0 || head.method === 'POST');
  const proven = new Map<Verifier, string>();
  const open: Verifier[] = [];
  const refusals: Refusal[] = !isTaken && token.ok ? [wrongDoor(candidates)] : [];
  for (const verifier of verifiers) {
    if (!verifier.methods.some((method) => method === head.method)) continue;
    const verdict = await judgeHead(verifier, head);
    if (!verdict) open.push(verifier);
    else if (verdict.ok) proven.set(verifier, verdict.signer);
    else refusals.push(verdict);
  }
  const tokenRefusal = isTaken && !token.ok ? token : undefined;
  const proof: Proof = { ok: true, hasToken, proven, open, refusals, tokenRefusal };
  return isProven(proof) || open.length > 0 ? proof : told(proof);
}

export function isProven({ hasToken, proven }: Proof): boolean {
  return hasToken || proven.size > 0;
}

/** Finds out what the body proves beside its head. */
export async function proveByBody(proof: Proof, request: SignedRequest): Promise<Proof | Refusal> {
  if (proof.open.length === 0) return proof;
  const proven = new Map(proof.proven);
  const refusals = [...proof.refusals];
  for (const verifier of proof.open) {
    const verdict = await verifier.verify(request);
    if (verdict.ok) proven.set(verifier, verdict.signer);
    else refusals.push(verdict);
  }
  const whole: Proof = { ...proof, proven, open: [], refusals };
  return isProven(whole) ? whole : told(whole);
}

/** Lets a request in whose sender is known, by what its payload says; a text says what is wrong with its key. */
export function admit(
  candidates: readonly Candidate[],
  request: SignedRequest,
  { hasToken, proven, refusals, ...proof }: Proof,
  { query, ...read }: ReadRequest,
): Admitted | Refusal | string {
  const { payload } = read;
  const clean = { ...read, ...withoutCredentials(candidates, request.headers, query) };
  for (const { mapping, verifier } of candidates) {
    const answer = verifier && proven.has(verifier) ? verifier.handshake(request, payload) : null;
    if (answer) {
      return { ok: true, ...clean, candidates: [], once: undefined, handshake: { mapping, answer } };
    }
  }

  const ofBytes = proven.size > 0 ? readBytes(request.rawBody, request.headers, read) : undefined;
  let once: DeliveryKey | undefined;
  const identified = new Map(proven);
  const late: Refusal[] = [];
  for (const { verifier } of candidates) {
    const signer = verifier && identified.get(verifier);
    if (!verifier || signer === undefined) continue;
    const identity = verifier.identify(request, payload);
    if (identity.ok) once ??= onceBySignature({ verifier, signer, identity }, request, ofBytes);
    else if (identified.delete(verifier)) late.push(identity);
  }
  if (!hasToken && identified.size === 0) return told({ ...proof, refusals: [...refusals, ...late] });
  if (identified.size === 0) {
    const byHeader = onceByHeader(request.headers, read.rawQuery);
    if (typeof byHeader === 'string') return byHeader;
    once = byHeader;
  }
  const open = candidates.filter(({ verifier }) => (verifier ? identified.has(verifier) : hasToken));
  return { ok: true, ...clean, candidates: open.map(({ mapping }) => mapping), once, handshake: null };
}

/**
 * What tells a delivery from its repetition, by what its sender signed alone: neither its query nor the charset in its headers, which
 * somebody may change who sends it again.
 * @param read what the bytes of the body say by themselves; undefined where they cannot be read so
 */
function onceBySignature(
  { verifier, signer, identity }: { verifier: Verifier; signer: string; identity: Identity },
  request: SignedRequest,
  read: Payload | undefined,
): DeliveryKey | undefined {
  const own = verifier.identify(request, read?.payload);
  const ownId = own.ok ? own.deliveryId : null;
  if (ownId === null && (read || identity.deliveryId === null)) return undefined;
  // Where the bytes do not say their id by themselves, they are it.
  const same = { ...(own.ok ? own : identity), deliveryId: ownId ?? '' };
  return onceByDelivery(signer, same, { body: request.rawBody, isRead: read?.isExact ?? false });
}

function verifiersOf(candidates: readonly Candidate[]): Verifier[] {
  const verifiers = new Set<Verifier>();
  for (const { verifier } of candidates) if (verifier) verifiers.add(verifier);
  return [...verifiers];
}

function wrongDoor(candidates: readonly Candidate[]): Refusal {
  const schemes = [...new Set(candidates.flatMap(({ mapping }) => mapping.verify?.scheme ?? []))];
  const asked = schemes.length > 0 ? schemes.join(' or ') : 'a proof that does not load';
  return refusal('token', `the hook token does not open this hook, it asks for ${asked}`);
}

/** All ways in that failed; first the one that the sender had something for. */
function told({ refusals, tokenRefusal }: Pick<Proof, 'refusals' | 'tokenRefusal'>): Refusal {
  const all = tokenRefusal ? [...refusals, tokenRefusal] : refusals;
  const unavailable = all.find(({ step }) => step === 'keys unavailable' || step === 'does not load');
  const telling = unavailable ?? all.find(({ step }) => step !== 'header missing') ?? all[0];
  const details = [telling, ...all.filter((refusal) => refusal !== telling)].flatMap((one) => one?.detail ?? []);
  return refusal(telling?.step ?? 'header missing', details.join('; or: '));
}

/** The headers and parameters of a request without what proves its sender. */
export function withoutCredentials(
  candidates: readonly Candidate[],
  headers: SignedRequest['headers'],
  query: Record<string, unknown>,
) {
  const credentials = verifiersOf(candidates).map((verifier) => verifier.credentials);
  const reads = candidates.flatMap(({ mapping }) => mapping.reads ?? []);
  const isRead = (kind: 'headers' | 'query') => (name: string) => reads.some((names) => names[kind].has(name));
  const named = (kind: 'headers' | 'query') => credentials.flatMap((of) => of[kind]);
  return {
    headers: cleanHeaders(headers, named('headers'), isRead('headers')),
    query: cleanQuery(query, named('query'), isRead('query')),
  };
}
