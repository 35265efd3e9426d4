import { secretOptions } from '../options.ts';
import { signatureScheme } from '../signature/signature-scheme.ts';

export const hookdeck = signatureScheme({
  name: 'hookdeck',
  options: secretOptions,
  signature: {
    secretAt: "the signing secret in the Hookdeck project's settings",
    ifMissing: 'does this come from Hookdeck?',
    // Both come while the secret is being replaced. The event id alone is the same in each attempt.
    headers: [{ signatures: ['x-hookdeck-signature', 'x-hookdeck-signature-2'], ids: ['x-hookdeck-eventid'] }],
    hmac: { prefix: '', algorithm: 'sha256', encoding: 'base64' },
    signed: '{body}',
  },
});
