import { secretOptions } from '../options.ts';
import { signatureScheme } from '../signature/signature-scheme.ts';

export const pagerduty = signatureScheme({
  name: 'pagerduty',
  options: secretOptions,
  signature: {
    secretAt: 'the secret that PagerDuty showed when the webhook subscription was made',
    ifMissing: 'does this come from a v3 webhook subscription of PagerDuty?',
    headers: [{ signatures: ['x-pagerduty-signature'] }],
    hmac: { prefix: 'v1=', algorithm: 'sha256', encoding: 'hex' },
    signed: '{body}',
    idInPayload: ['event', 'id'],
  },
});
