import { messageOf } from '../domain/errors.ts';
import { readPayload } from '../domain/payload/read-payload.ts';
import { readQuery } from '../domain/payload/read-query.ts';
import type { Mapping } from '../mapping/mapping.ts';
import { cleanHeaders } from './clean-headers.ts';
import { cleanQuery } from './clean-query.ts';
import { type Once, onceByDelivery, onceByHeader } from './once.ts';
import {
  type Handshake,
  type Refusal,
  refuse,
  type SignedRequest,
  type Verdict,
  type Verifier,
} from './verify/verifier.ts';

/** A mapping that may answer, and what its senders have to prove; undefined for the hook token. */
export interface Candidate {
  readonly mapping: Mapping;
  readonly verifier: Verifier | undefined;
}

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
  /** what tells the delivery from its repetition; undefined where nothing does */
  readonly once: Once | undefined;
  /** what to answer at once, where the request is no event */
  readonly handshake: { readonly mapping: Mapping; readonly answer: Handshake } | null;
}

/** A request of a sender who is known whose body is neither JSON nor a form or nested too deep, or whose key is too long. */
interface Unreadable {
  readonly ok: false;
  readonly step: 'unreadable';
  readonly detail: string;
}

/** The methods of a hook: a handshake may have one of its own. */
export function methodsOf(candidates: readonly Candidate[]): string[] {
  return [...new Set(['POST', ...verifiersOf(candidates).flatMap(({ methods }) => methods)])];
}

/**
 * Finds out who sent a request, by its bytes, and then reads it. Mappings that ask for a proof are open to that proof alone,
 * the others to the hook token alone.
 * @param token whether the hook token came; null where no candidate takes it
 */
export async function admit(
  candidates: readonly Candidate[],
  request: SignedRequest,
  token: Verdict | null,
): Promise<Admitted | Refusal | Unreadable> {
  const hasToken = token?.ok === true && request.method === 'POST';
  const refusals: Refusal[] = [];
  const verifiers = verifiersOf(candidates);
  /** those that were proven, with who signed */
  const proven = new Map<Verifier, string>();
  for (const verifier of verifiers) {
    if (!verifier.methods.some((method) => method === request.method)) continue;
    const verdict = await verifier.verify(request);
    if (verdict.ok) proven.set(verifier, verdict.signer);
    else refusals.push(verdict);
  }
  if (token && !token.ok) refusals.push(token);
  if (!hasToken && proven.size === 0) return told(refusals);

  let read: ReturnType<typeof readRequest>;
  try {
    read = readRequest(request);
  } catch (error) {
    const detail = error instanceof RangeError ? error.message : `the body is not JSON: ${messageOf(error)}`;
    return { ok: false, step: 'unreadable', detail };
  }

  const { payload, notes } = read;
  const clean = { notes, ...withoutCredentials(candidates, request.headers, read.query) };
  for (const { mapping, verifier } of candidates) {
    const answer = verifier && proven.has(verifier) ? verifier.handshake(request, payload) : null;
    if (answer) {
      return { ok: true, ...clean, payload, candidates: [], once: undefined, handshake: { mapping, answer } };
    }
  }

  const isRead = notes.length === 0;
  let once: Once | undefined;
  for (const { verifier } of candidates) {
    const signer = verifier && proven.get(verifier);
    if (!verifier || signer === undefined) continue;
    const identity = verifier.identify(request, payload);
    if (identity.ok) once ??= onceByDelivery(signer, identity, { body: request.rawBody, isRead });
    else if (proven.delete(verifier)) refusals.push(identity);
  }
  if (!hasToken && proven.size === 0) return told(refusals);
  if (proven.size === 0) {
    const byHeader = onceByHeader(request.headers);
    if (typeof byHeader === 'string') return { ok: false, step: 'unreadable', detail: byHeader };
    once = byHeader;
  }
  const open = candidates.filter(({ verifier }) => (verifier ? proven.has(verifier) : hasToken));
  return { ok: true, ...clean, payload, candidates: open.map(({ mapping }) => mapping), once, handshake: null };
}

function verifiersOf(candidates: readonly Candidate[]): Verifier[] {
  return [...new Set(candidates.flatMap(({ verifier }) => verifier ?? []))];
}

/** All ways in that failed; first the one that the sender had something for. */
function told(refusals: readonly Refusal[]): Refusal {
  const unavailable = refusals.find(({ step }) => step === 'keys unavailable' || step === 'does not load');
  const telling = unavailable ?? refusals.find(({ step }) => step !== 'header missing') ?? refusals[0];
  const details = [telling, ...refusals.filter((refusal) => refusal !== telling)].flatMap((one) => one?.detail ?? []);
  return refuse(telling?.step ?? 'header missing', details.join('; or: '));
}

function readRequest({ rawBody, headers, search }: SignedRequest) {
  const { payload, notes } = readPayload(rawBody, headers);
  if (search === '') return { payload, notes, query: {} };
  const query = readQuery(search);
  return { payload, notes: [...notes, ...query.notes], query: query.fields };
}

function withoutCredentials(
  candidates: readonly Candidate[],
  headers: SignedRequest['headers'],
  query: Record<string, unknown>,
) {
  const credentials = verifiersOf(candidates).map((verifier) => verifier.credentials);
  const isRead = (kind: 'headers' | 'query') => (name: string) =>
    candidates.some(({ mapping }) => mapping.reads?.[kind].has(name));
  const named = (kind: 'headers' | 'query') => credentials.flatMap((of) => of[kind]);
  return {
    headers: cleanHeaders(headers, named('headers'), isRead('headers')),
    query: cleanQuery(query, named('query'), isRead('query')),
  };
}
