import { valueAt } from '../../domain/event.ts';
import { timedOptions } from '../options.ts';
import { signatureScheme } from '../signature/signature-scheme.ts';

export const slack = signatureScheme({
  name: 'slack',
  options: timedOptions,
  handshake(_, payload) {
    const challenge = valueAt(payload, ['challenge']);
    if (valueAt(payload, ['type']) !== 'url_verification' || typeof challenge !== 'string') return null;
    return { status: 200, contentType: 'text/plain', body: challenge };
  },
  signature: {
    secretAt: 'the signing secret under Basic Information of the Slack app',
    ifMissing: 'does this come from Slack?',
    headers: [{ signatures: ['x-slack-signature'], timestamp: 'x-slack-request-timestamp' }],
    hmac: { prefix: 'v0=', algorithm: 'sha256', encoding: 'hex' },
    signed: 'v0:{timestamp}:{body}',
    timestamp: { in: 'header', unit: 's', toleranceSeconds: 300 },
    idInPayload: ['event_id'],
  },
});
