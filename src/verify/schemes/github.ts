import { secretOptions } from '../options.ts';
import { signatureScheme } from '../signature/signature-scheme.ts';

export const github = signatureScheme({
  name: 'github',
  options: secretOptions,
  signature: {
    secretAt: "the secret in GitHub's webhook settings",
    ifMissing: "set a secret in GitHub's webhook settings",
    headers: [{ signatures: ['x-hub-signature-256'], ids: ['x-github-delivery'] }],
    hmac: { prefix: 'sha256=', algorithm: 'sha256', encoding: 'hex' },
    signed: '{body}',
  },
});
