import { fitsHeader, unfitForHeader } from '../../domain/text/secret.ts';
import { decodeSecret } from '../encoding.ts';
import { type Secrets, secretsOf, timedOptions } from '../options.ts';
import { defineScheme } from '../scheme.ts';
import { hmacKey, type VerifyKey } from '../signature/signature-key.ts';
import type { SignatureProfile } from '../signature/signature-profile.ts';
import { createSignatureJudge } from '../signature/signature-verifier.ts';
import { createTokenJudge, type TokenProfile } from '../token-verifier.ts';

/** Since GitLab 19.0, with a signing token. */
const signature: SignatureProfile = {
  secretAt: "the signing token in GitLab's webhook settings",
  ifMissing: "set this signing token in GitLab's webhook settings; a secret token is not accepted in its place",
  headers: [{ signatures: ['webhook-signature'], timestamp: 'webhook-timestamp', ids: ['webhook-id'] }],
  separator: ' ',
  hmac: { prefix: 'v1,', algorithm: 'sha256', encoding: 'base64' },
  signed: '{id}.{timestamp}.{body}',
  timestamp: { in: 'header', unit: 's', toleranceSeconds: 300 },
};

const token: TokenProfile = {
  header: 'x-gitlab-token',
  ids: ['idempotency-key', 'webhook-id', 'x-gitlab-event-uuid'],
  ifMissing: "set a secret token in GitLab's webhook settings",
  secretAt: "the secret token in GitLab's webhook settings",
  stronger: 'webhook-signature',
};

/** Its tokens sign where they are signing tokens, and are presented as they stand where they are not. */
export const gitlab = defineScheme({
  name: 'gitlab',
  options: timedOptions,
  needs: ['secret'],
  checkSecret(secret, options) {
    if (!fitsHeader(secret)) return unfitForHeader;
    if (!signs(options)) return null;
    if (!isSigningToken(secret)) {
      return 'expected signing tokens (whsec_…) only or plain secret tokens only, found both';
    }
    return keyOf(secret) ? null : 'expected whsec_ and base64, as GitLab showed it';
  },
  check: (options) =>
    options.toleranceSeconds === undefined || signs(options)
      ? []
      : [{ path: '/toleranceSeconds', message: 'would be ignored: only signing tokens (whsec_…) have a timestamp' }],
  headers: signature.headers,
  createJudge(options, { now }) {
    const secrets = secretsOf(options);
    if (!secrets.some(isSigningToken)) return createTokenJudge('gitlab', token, secrets);
    const keys = secrets.flatMap((secret) => (isSigningToken(secret) && keyOf(secret)) || []);
    return createSignatureJudge('gitlab', signature, { keys, toleranceSeconds: options.toleranceSeconds, now });
  },
});

/** Written like the secrets of Standard Webhooks; the older tokens are any text. */
function isSigningToken(secret: string): boolean {
  return secret.startsWith('whsec_');
}

/** Whether one of the secrets, of which any may be of a wrong type, is a signing token. */
function signs({ secret, secrets }: Secrets): boolean {
  const tokens: unknown[] = [secret, ...(Array.isArray(secrets) ? secrets : [])];
  return tokens.some((one) => typeof one === 'string' && isSigningToken(one));
}

function keyOf(signingToken: string): VerifyKey | null {
  return hmacKey(decodeSecret(signingToken.slice('whsec_'.length), 'base64'));
}
