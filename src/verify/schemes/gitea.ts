import { secretOptions } from '../options.ts';
import { signatureScheme } from '../signature/signature-scheme.ts';

export const gitea = signatureScheme({
  name: 'gitea',
  options: secretOptions,
  signature: {
    secretAt: "the secret in the webhook's settings at Gitea or Forgejo",
    ifMissing: "set a secret in the webhook's settings at Gitea or Forgejo",
    headers: [
      { signatures: ['x-gitea-signature'], ids: ['x-gitea-delivery'] },
      { signatures: ['x-forgejo-signature'], ids: ['x-forgejo-delivery', 'x-gitea-delivery'] },
    ],
    hmac: { prefix: '', algorithm: 'sha256', encoding: 'hex' },
    signed: '{body}',
  },
});
