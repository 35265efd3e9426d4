import { hash } from 'node:crypto';
import type { Verify } from '../../domain/verify.ts';
import { createTokenCheck } from '../authenticate.ts';
import { signatureSchemes } from './signature-schemes.ts';
import { createSignatureVerifier } from './signature-verifier.ts';
import { signerOf } from './signer.ts';
import { refusal, type Verdict, type Verifier, type VerifierDeps } from './verifier.ts';

/** Meta signs what it posts; before that it asks with a GET, which the verify token proves, to have a number repeated. */
export function createMetaVerifier(config: Verify, deps: VerifierDeps = {}): Verifier {
  const posts = createSignatureVerifier(signatureSchemes.meta, config, deps);
  const subscriber = signerOf('meta', config.verifyToken ?? '');
  const isVerifyToken = createTokenCheck(config.verifyToken);

  function verifySubscription(query: Readonly<Record<string, string>>): Verdict {
    const token = query['hub.verify_token'];
    if (token === undefined) return refusal('header missing', 'hub.verify_token is missing: does this come from Meta?');
    if (!isVerifyToken(Buffer.from(token))) {
      return refusal('no match', 'hub.verify_token is not the configured verifyToken: compare it with the Meta app');
    }
    const asked = query['hub.mode'] === 'subscribe' && query['hub.challenge'] !== undefined;
    return asked
      ? { ok: true, signer: subscriber }
      : refusal('malformed', 'expected hub.mode=subscribe and a hub.challenge');
  }

  return {
    ...posts,
    methods: ['POST', 'GET'],
    credentials: { ...posts.credentials, query: ['hub.verify_token'] },
    verify: (request) => (request.method === 'GET' ? verifySubscription(request.query) : posts.verify(request)),
    handshake: ({ method, query }) =>
      method === 'GET' ? { status: 200, contentType: 'text/plain', body: query['hub.challenge'] ?? '' } : null,
    // Nothing names a delivery, but every event in it has an id or a time: equal bodies are one delivery sent again.
    identify: ({ rawBody }) => ({ ok: true, deliveryId: hash('sha256', rawBody), idIsSigned: true }),
  };
}
