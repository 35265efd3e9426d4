import { secretOptions } from '../options.ts';
import { signatureScheme } from '../signature/signature-scheme.ts';

export const sentry = signatureScheme({
  name: 'sentry',
  options: secretOptions,
  signature: {
    secretAt: 'the client secret of the Sentry integration',
    ifMissing: 'does this come from an internal or public integration of Sentry?',
    headers: [{ signatures: ['sentry-hook-signature'], ids: ['request-id'] }],
    hmac: { prefix: '', algorithm: 'sha256', encoding: 'hex' },
    signed: '{body}',
  },
});
