import { hash } from 'node:crypto';
import { Type } from 'typebox';
import { secretText } from '../../domain/text/secret.ts';
import { secretOptions, text } from '../options.ts';
import { defineScheme } from '../scheme.ts';
import type { SignatureProfile } from '../signature/signature-profile.ts';
import { plainKeys } from '../signature/signature-scheme.ts';
import { createSignatureJudge } from '../signature/signature-verifier.ts';
import { createTokenCheck } from '../token.ts';
import { refusal, signerOf, type Verdict } from '../verifier.ts';

const signature: SignatureProfile = {
  secretAt: 'the app secret under Basic settings of the Meta app',
  ifMissing: 'does this come from Meta?',
  headers: [{ signatures: ['x-hub-signature-256'] }],
  hmac: { prefix: 'sha256=', algorithm: 'sha256', encoding: 'hex' },
  signed: '{body}',
};

/** Meta signs what it posts; before that it asks with a GET, which the verify token proves, to have a number repeated. */
export const meta = defineScheme({
  name: 'meta',
  options: {
    ...secretOptions,
    verifyToken: Type.String({ ...text, ...secretText, description: 'the verify token of the subscription.' }),
  },
  needs: ['secret', 'verifyToken'],
  methods: ['POST', 'GET'],
  handshake: ({ method, query }) =>
    method === 'GET' ? { status: 200, contentType: 'text/plain', body: query['hub.challenge'] ?? '' } : null,
  headers: signature.headers,
  createJudge({ verifyToken, ...secrets }, { now }) {
    const posts = createSignatureJudge('meta', signature, {
      keys: plainKeys(secrets),
      toleranceSeconds: undefined,
      now,
    });
    const verifySubscription = subscriptionCheck(verifyToken);
    return {
      ...posts,
      credentials: { ...posts.credentials, query: ['hub.verify_token'] },
      verify: (request) => (request.method === 'GET' ? verifySubscription(request.query) : posts.verify(request)),
      // Nothing names a delivery, but every event in it has an id or a time: equal bodies are one delivery sent again.
      identify: ({ rawBody }) => ({ ok: true, deliveryId: hash('sha256', rawBody), idIsSigned: true }),
    };
  },
});

function subscriptionCheck(verifyToken: string | undefined): (query: Readonly<Record<string, string>>) => Verdict {
  const subscriber = signerOf('meta', verifyToken ?? '');
  const isVerifyToken = createTokenCheck(verifyToken);
  return (query) => {
    const token = query['hub.verify_token'];
    if (token === undefined) return refusal('header missing', 'hub.verify_token is missing: does this come from Meta?');
    if (!isVerifyToken(Buffer.from(token))) {
      return refusal('no match', 'hub.verify_token is not the configured verifyToken: compare it with the Meta app');
    }
    const asked = query['hub.mode'] === 'subscribe' && query['hub.challenge'] !== undefined;
    return asked
      ? { ok: true, signer: subscriber }
      : refusal('malformed', 'expected hub.mode=subscribe and a hub.challenge');
  };
}
