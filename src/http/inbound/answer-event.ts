import type { Admitted } from '../../ingest/admit.ts';
import { type EventRequest, receive, recordHandshake } from '../../ingest/receive.ts';
import { brokenCall, sendAnswer } from '../answer.ts';
import { waitForEnd } from '../prefer-wait.ts';
import type { Call } from './call.ts';

/** Has an event acted on, and answers it after the commit. */
export async function answerEvent(
  call: Call,
  admitted: Admitted & Pick<EventRequest, 'body' | 'known' | 'unknown'>,
): Promise<void> {
  const { deps, way, target, req, res } = call;
  const request = { ...admitted, endpoint: way.endpoint, hook: target.hook } as const;
  const label = admitted.known ? target.hook : 'unknown';
  if (admitted.handshake) {
    const { mapping, answer } = admitted.handshake;
    await recordHandshake(deps, request, mapping, answer);
    deps.onEvent(label, 'handshake');
    deps.live.received(target.hook, 'handshake');
    return void res.status(answer.status).type(answer.contentType).send(answer.body);
  }
  const answer = await receive(deps, request);
  deps.onEvent(label, answer.outcome);
  deps.live.received(target.hook, answer.outcome);
  if (answer.broken !== undefined && deps.mayTellBroken(answer.broken)) {
    deps.log.warn({ hook: target.shown, mapping: answer.broken }, brokenCall);
  }
  const ended = way.mayWait && req.headers.prefer !== undefined ? await waitForEnd(deps, req, res, answer) : null;
  sendAnswer(res, ended ?? answer);
}
