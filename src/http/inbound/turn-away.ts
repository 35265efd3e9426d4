import { messageOf, StoreError } from '../../domain/errors.ts';
import { type RefusalCode, refusalStatus } from '../../domain/refusal.ts';
import { isProven, proveByBody, proveByHead, takesToken, withoutCredentials } from '../../ingest/admit.ts';
import { recordUnreadable } from '../../ingest/receive.ts';
import { type RefusedStep, shownBytes } from '../../ingest/refusals.ts';
import { brokenRetryAfter, refuseUnread } from '../answer.ts';
import { errorBody } from '../errors.ts';
import { countFailure } from '../gate.ts';
import { refusedCall } from '../refused-call.ts';
import { keptBytes } from './body/intake.ts';
import { wholeBody } from './body/take-body.ts';
import type { Call } from './call.ts';
import { Refused } from './refused.ts';

/** How long a sender waits whose proof cannot be judged, by why that is. */
const waits: ReadonlyMap<RefusedStep, string> = new Map([
  ['keys unavailable', '5'],
  ['does not load', brokenRetryAfter],
]);
/** The rest of such a body may still be on its way, or never come. */
const cutShort: ReadonlySet<RefusedStep> = new Set(['too large', 'no room', 'hung up']);
/** How long the record of a known sender waits for the first bytes of a body that nothing else waits for. */
const graceMs = 250;
/** How long what is shown of a stranger's body may still be filled in after the answer. */
const lateMs = 5000;

/** What a refused sender is told. */
interface Told {
  readonly code: RefusalCode;
  readonly error: string;
  readonly headers: Record<string, string>;
}

/**
 * Ends a call that did not come to an event of its own. Of a known sender it leaves an event that could not be read, of others a row
 * among the refusals; then the answer goes out.
 */
export async function turnAway(call: Call, thrown: unknown): Promise<void> {
  const refused = thrown instanceof Refused ? thrown : failure(call, thrown);
  const told = await toldOf(call, refused);
  const isRecorded = (await isOfKnownSender(call, refused)) && (await recordEvent(call, refused, told));
  if (!isRecorded) await recordRefusal(call, refused, told);
  send(call, refused, told);
}

/** What nobody meant to happen. The message of an internal error stays in the log. */
function failure({ deps, target }: Call, thrown: unknown): Refused {
  if (!(thrown instanceof StoreError)) {
    deps.log.error({ err: thrown }, 'request failed');
    return new Refused('internal', 'internal', 'internal error');
  }
  if (target.read) return new Refused('not stored', 'not-stored', 'the store cannot be used now');
  deps.log.error({ hook: target.shown.slice(0, 100) }, `event refused: ${thrown.message}`);
  const message = 'the event could not be stored; send it again later';
  return new Refused('not stored', 'not-stored', message, { headers: { 'Retry-After': '5' } });
}

async function toldOf({ deps, req, target, presented, token }: Call, refused: Refused): Promise<Told> {
  const { code, message: error, headers } = refused;
  if (code !== null) return { code, error, headers };
  const wait = waits.get(refused.step);
  if (wait === undefined) return countFailure(req, deps.throttle);
  // A wrong token is a guess, whatever else could not be checked.
  if (presented !== undefined && !token.ok && takesToken(target.candidates)) {
    const denial = await countFailure(req, deps.throttle);
    if (denial.code === 'locked-out') return denial;
  }
  const later = 'who sent this cannot be checked now; send it again later';
  return {
    code: refused.step === 'does not load' ? 'not-loaded' : 'not-checked',
    error: later,
    headers: { 'Retry-After': wait },
  };
}

/** Whether a call leaves an event. It may have been refused before its proof was looked at, which is made good here. */
async function isOfKnownSender(call: Call, { code, step }: Refused): Promise<boolean> {
  if (code === null || step === 'not stored' || step === 'internal') return false;
  if (call.isKnown) return true;
  const { target, token } = call;
  // Whatever its method: it is the proof that counts here.
  const head = { ...call.head, method: 'POST' };
  const proof = call.proof ?? (await proveByHead(target.candidates, head, token));
  if (!proof.ok) return false;
  if (isProven(proof) || cutShort.has(step)) return isProven(proof);
  const rawBody = await wholeBody(call);
  return typeof rawBody !== 'string' && (await proveByBody(proof, { ...head, rawBody })).ok;
}

/** Stores what came of a known sender; false where that cannot be. */
async function recordEvent(call: Call, { detail }: Refused, { code, error }: Told): Promise<boolean> {
  const { deps, way, target, req, head, intake } = call;
  await intake.begin(keptBytes, graceMs);
  const body = intake.first();
  const cut = body.length < keptBytes ? '' : ` (the first ${keptBytes} bytes are kept)`;
  const clean = withoutCredentials(target.candidates, head.headers, head.query);
  const request = { endpoint: way.endpoint, hook: target.hook, ...clean, body, notes: [] };
  const why = `${req.method} ${req.path.slice(0, 200)}: ${detail}${cut}`;
  try {
    await recordUnreadable(deps, request, {
      detail: why,
      status: refusalStatus[code],
      answer: errorBody[way.endpoint](code, error),
    });
  } catch (failed) {
    if (!(failed instanceof StoreError)) throw failed;
    deps.log.error({ hook: target.shown.slice(0, 100) }, `unreadable event not stored: ${messageOf(failed)}`);
    return false;
  }
  deps.onEvent(target.answerers().known ? target.hook : 'unknown', 'unreadable');
  deps.live.received(target.hook, 'unreadable');
  return true;
}

async function recordRefusal(call: Call, { step, detail }: Refused, { code }: Told): Promise<void> {
  const { deps, target, req, intake } = call;
  // What came with the head is there by then; nobody waits for more.
  await intake.begin(shownBytes, 1);
  const why = step === 'token' && !call.token.ok ? otherDoor(call) + detail : detail;
  const row = { ...refusedCall(req), hook: target.shown, status: refusalStatus[code], step, detail: why };
  const { fill } = deps.refusals.add(row, intake.first());
  void intake.begin(shownBytes, lateMs).then(() => fill(intake.first()));
}

/** Says of a wrong token where it would be right. */
function otherDoor({ deps, target, presented }: Call): string {
  const { isHookToken, isSpecToken, isGatewayToken } = deps.current();
  const doors = [
    ['hooks.token', isHookToken],
    ['specs.secret', isSpecToken],
    ['gateway.token', isGatewayToken],
  ] as const;
  const other = doors.find(([setting, isValid]) => setting !== target.token.setting && isValid(presented));
  return other ? `${other[0]} came, which opens another door: ` : '';
}

function send({ way, req, res, isKnown }: Call, { step }: Refused, { code, error, headers }: Told): void {
  // An answer that has begun cannot be taken back.
  if (res.headersSent) return void req.socket.destroy();
  if (res.destroyed) return;
  const body = errorBody[way.endpoint](code, error);
  res.status(refusalStatus[code]).set(headers);
  // To keep the connection, all of the body would have to be read.
  if (cutShort.has(step) || !req.complete) refuseUnread(req, res, body, isKnown);
  else res.json(body);
}
