import { secretsOf, type Verify } from '../../domain/verify.ts';
import { isSigningToken } from '../../domain/verify-key.ts';
import { createGoogleOidcVerifier } from './google-oidc-verifier.ts';
import { createMetaVerifier } from './meta-verifier.ts';
import { gitlabSigning, hmacScheme, signatureSchemes } from './signature-schemes.ts';
import { createSignatureVerifier } from './signature-verifier.ts';
import { createTokenVerifier } from './token-verifier.ts';
import { createTwilioVerifier } from './twilio-verifier.ts';
import type { Verifier, VerifierDeps } from './verifier.ts';

/**
 * The verifier that a mapping's `verify` asks for. It never throws over a config that `checkVerify` would refuse: without a
 * usable secret it accepts nothing.
 */
export function createVerifier(config: Verify, deps: VerifierDeps = {}): Verifier {
  switch (config.scheme) {
    case 'gitlab':
      return secretsOf(config).some(isSigningToken)
        ? createSignatureVerifier(gitlabSigning, config, deps)
        : createTokenVerifier(config);
    case 'token':
    case 'basic':
      return createTokenVerifier(config);
    case 'hmac':
      return createSignatureVerifier(hmacScheme(config), config, deps);
    case 'twilio':
      return createTwilioVerifier(config);
    case 'google-oidc':
      return createGoogleOidcVerifier(config, deps);
    case 'meta':
      return createMetaVerifier(config, deps);
    default:
      return createSignatureVerifier(signatureSchemes[config.scheme], config, deps);
  }
}
