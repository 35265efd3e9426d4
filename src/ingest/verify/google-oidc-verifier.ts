import { createRemoteJWKSet, errors, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose';
import { follow } from '../../domain/event.ts';
import type { Verify } from '../../domain/verify.ts';
import { signerOf } from './signer.ts';
import { headerOf, noSecret, type Refusal, refuse, type Verifier, type VerifierDeps } from './verifier.ts';

const googleKeys = 'https://www.googleapis.com/oauth2/v3/certs';
const hourMs = 3_600_000;
/** Codes of what is wrong with a token, rather than with the keys it is checked against. */
const faultOfToken = /^ERR_(JWT|JWS|JWE|JOSE_ALG_NOT_ALLOWED|JWKS_NO_MATCHING_KEY|JWKS_MULTIPLE_MATCHING_KEYS)/;

/** Google's word for who pushes: a signed token in `Authorization`. It says nothing about the body. */
export function createGoogleOidcVerifier(config: Verify, { now = Date.now }: VerifierDeps = {}): Verifier {
  const { audience, email } = config;
  const signer = signerOf('google-oidc', audience ?? '', email ?? '');
  const keys = createKeySource(new URL(config.jwksUrl ?? googleKeys), now);

  return {
    methods: ['POST'],
    credentials: { headers: ['authorization'], query: [] },

    async verify({ headers }) {
      if (!audience || !email) return noSecret;
      const authorization = headerOf(headers, 'authorization');
      if (authorization === undefined) {
        return refuse('header missing', 'authorization is missing: enable authentication in the push subscription');
      }
      const token = /^bearer +(\S+)$/i.exec(authorization)?.[1];
      if (token === undefined) return refuse('malformed', 'authorization holds no bearer token');
      try {
        const { payload } = await jwtVerify(token, keys, {
          issuer: ['https://accounts.google.com', 'accounts.google.com'],
          audience,
          algorithms: ['RS256'],
          requiredClaims: ['exp'],
          currentDate: new Date(now()),
        });
        return checkEmail(payload, email) ?? { ok: true, signer };
      } catch (error) {
        return refusalOf(error);
      }
    },

    handshake: () => null,
    identify(_, payload) {
      const id = follow(payload, ['message', 'messageId']);
      return { ok: true, deliveryId: typeof id === 'string' && id !== '' ? id : null, idIsSigned: false };
    },
    restamp: (payload) => payload,
  };
}

/**
 * Keys are fetched when first needed and when a token names one that is not known. They are looked at again after an hour, but
 * nobody waits for that, so that an outage of their host shorter than a day goes unnoticed.
 */
function createKeySource(url: URL, now: () => number): JWTVerifyGetKey {
  const keys = createRemoteJWKSet(url, { cacheMaxAge: 24 * hourMs });
  let lookedAt = now();
  return (header, token) => {
    if (now() - lookedAt > hourMs) {
      lookedAt = now();
      keys.reload().catch(() => {});
    }
    return keys(header, token);
  };
}

function checkEmail({ email, email_verified }: JWTPayload, expected: string): Refusal | null {
  if (email === expected && email_verified === true) return null;
  return refuse(
    'token refused',
    'email of the token is not the configured service account, or Google has not verified it: compare verify.email with the push subscription',
  );
}

function refusalOf(error: unknown): Refusal {
  if (error instanceof errors.JWTExpired) return refuse('clock', 'the token has expired, or this clock is wrong');
  if (error instanceof errors.JWTClaimValidationFailed) {
    return refuse(
      'token refused',
      `${error.claim} of the token is not as configured: compare verify with the push subscription`,
    );
  }
  const code = error instanceof errors.JOSEError ? error.code : '';
  if (faultOfToken.test(code)) return refuse('token refused', `the token is not one that Google signed (${code})`);
  return refuse('keys unavailable', 'the keys of the issuer could not be fetched, so no token can be checked');
}
