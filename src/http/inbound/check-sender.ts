import { readPayload } from '../../domain/payload/read-payload.ts';
import { readQuery } from '../../domain/payload/read-query.ts';
import { type Admitted, admit, isProven, proveByBody, proveByHead, type ReadRequest } from '../../ingest/admit.ts';
import { addressOf } from '../gate.ts';
import { withoutToken } from '../query.ts';
import type { Call } from './call.ts';
import type { Answerers } from './endpoint.ts';
import { Refused, unproven } from './refused.ts';
import { whyUnreadable } from './unreadable.ts';

/** Finds out by its head who sent a request. It ends here where no body could change that. */
export async function checkSender(call: Call): Promise<void> {
  const { target, head, token } = call;
  const proof = await proveByHead(target.candidates, head, token);
  if (!proof.ok) throw unproven(proof);
  call.proof = proof;
  if (!isProven(proof)) return;
  know(call);
  if (proof.hasToken) welcome(call);
}

/** Finds out by its body who sent a request, and reads it: a hook may ask for a proof of its bytes. */
export async function admitSender(call: Call, body: Buffer, answerers: Answerers): Promise<Admitted> {
  const { target, head } = call;
  const request = { ...head, rawBody: body };
  const proof = call.proof && (await proveByBody(call.proof, request));
  if (!proof?.ok) throw proof ? unproven(proof) : new Error('the head was not looked at');
  know(call);
  const read = readRequest(call, body, answerers);
  const candidates =
    target.candidates.length > 0
      ? target.candidates
      : answerers.candidates.map((mapping) => ({ mapping, verifier: undefined }));
  const admitted = admit(candidates, request, proof, read);
  if (typeof admitted === 'string') throw new Refused('unreadable', 'unreadable', admitted);
  if (!admitted.ok) throw unproven(admitted);
  welcome(call);
  return admitted;
}

/** From now on what came is somebody's: it leaves an event, and takes up none of the room of strangers. */
function know(call: Call): void {
  call.isKnown = true;
  call.held?.release();
}

/** Clears the failures of an address. Its sender is told once an hour of what it should not do. */
function welcome({ deps, target, req, urlToken }: Call): void {
  deps.throttle.forgive(() => addressOf(req));
  if (urlToken === undefined || !deps.mayWarnOfUrl(target.answerers().known ? target.hook : '')) return;
  deps.log.warn(
    { path: req.path.slice(0, 100) },
    'a hook was called with ?token=, which is deprecated: send Authorization: Bearer instead',
  );
}

function readRequest({ way, head }: Call, body: Buffer, { known }: Answerers): ReadRequest {
  try {
    const read = readPayload(body, head.headers, way.endpoint);
    if (head.search === '') return { ...read, query: {} };
    const query = readQuery(head.search);
    const rawQuery = query.isExact ? {} : { rawQuery: withoutToken(head.search) };
    return { ...read, notes: [...read.notes, ...query.notes], query: query.fields, ...rawQuery };
  } catch (error) {
    if (way.unknownComesFirst && !known) return { payload: undefined, notes: [], isExact: true, query: {} };
    const detail = whyUnreadable(error, body);
    throw new Refused('unreadable', 'unreadable', way.cannotRead(error, body), { detail });
  }
}
