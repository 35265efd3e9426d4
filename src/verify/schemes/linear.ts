import { timedOptions } from '../options.ts';
import { signatureScheme } from '../signature/signature-scheme.ts';

export const linear = signatureScheme({
  name: 'linear',
  options: timedOptions,
  signature: {
    secretAt: "the signing secret in Linear's webhook settings",
    ifMissing: 'does this come from Linear?',
    headers: [{ signatures: ['linear-signature'], ids: ['linear-delivery'] }],
    hmac: { prefix: '', algorithm: 'sha256', encoding: 'hex' },
    signed: '{body}',
    // The header linear-timestamp is not signed.
    timestamp: { in: { payload: ['webhookTimestamp'] }, unit: 'ms', toleranceSeconds: 60 },
  },
});
