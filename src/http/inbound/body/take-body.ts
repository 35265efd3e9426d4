import { answersOf } from '../../../ingest/answers.ts';
import { tooLarge } from '../../answer.ts';
import { addressOf } from '../../gate.ts';
import type { Call } from '../call.ts';
import type { Answerers } from '../endpoint.ts';
import { Refused } from '../refused.ts';
import type { Missing } from './intake.ts';

/** The body as it came, of at most the length that its hook takes. */
export async function takeBody(call: Call, { known }: Answerers): Promise<Buffer> {
  const { way, target } = call;
  const isForNobody = way.unknownComesFirst && !known;
  if (!isForNobody && isEncoded(call.req.headers['content-encoding'])) {
    throw new Refused('encoding', 'encoding', way.noCompression);
  }
  const body = await wholeBody(call);
  if (typeof body !== 'string') return body;
  if (body === 'hung up') throw new Refused(body, 'hung-up', 'the sender hung up before its body was whole');
  if (body === 'no room') {
    const message = 'too many bodies are on their way; send it again later';
    throw new Refused(body, 'busy', message, { headers: { 'Retry-After': '5' } });
  }
  const unknown = answersOf[way.endpoint].unknown(target.hook);
  throw isForNobody
    ? new Refused(body, 'not-found', unknown, { detail: `${unknown}, and ${tooLarge(target.limit)}` })
    : new Refused(body, 'too-large', tooLarge(target.limit));
}

/** Whether a body is not as it was; `identity` is the name for one that is. */
function isEncoded(encoding = ''): boolean {
  return encoding.split(',').some((one) => !['', 'identity'].includes(one.trim().toLowerCase()));
}

/** The body, or what is in its way. While its sender is not known it has to share the room that there is. */
export function wholeBody(call: Call): Promise<Buffer | Missing> {
  const { deps, target, req, intake } = call;
  if (!call.isKnown) call.held ??= deps.bodies.open(addressOf(req));
  return intake.all(target.limit, Number(req.headers['content-length'] ?? 0), call.held);
}
