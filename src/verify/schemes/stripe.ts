import { timedOptions } from '../options.ts';
import { signatureScheme } from '../signature/signature-scheme.ts';

/** Its secrets look like those of Standard Webhooks, but are keys as they stand. */
export const stripe = signatureScheme({
  name: 'stripe',
  options: timedOptions,
  signature: {
    secretAt: "the endpoint's signing secret (whsec_…) in Stripe's dashboard",
    ifMissing: 'does this come from Stripe?',
    headers: [{ signatures: ['stripe-signature'] }],
    hmac: { prefix: 'v1=', algorithm: 'sha256', encoding: 'hex' },
    signed: '{timestamp}.{body}',
    timestamp: { in: { item: 't=' }, unit: 's', toleranceSeconds: 300 },
    idInPayload: ['id'],
  },
});
