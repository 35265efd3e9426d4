import { decodeJwt, errors, type JWTPayload, jwtVerify } from 'jose';
import { Type } from 'typebox';
import { valueAt } from '../../domain/event.ts';
import type { Problem } from '../../schema/problem.ts';
import { createIssuerKeys, KeysUnavailable } from '../issuer-keys.ts';
import { type OptionsOf, text } from '../options.ts';
import { defineScheme } from '../scheme.ts';
import { headerOf, type Judge, noSecret, type Refusal, refusal, signerOf, type VerifierDeps } from '../verifier.ts';

const issuers = ['https://accounts.google.com', 'accounts.google.com'];
const googleKeys = 'https://www.googleapis.com/oauth2/v3/certs';
/** Codes of what is wrong with a token, rather than with the keys it is checked against. */
const faultOfToken = /^ERR_(JWT|JWS|JWE|JOSE_ALG_NOT_ALLOWED|JOSE_NOT_SUPPORTED|JWKS_MULTIPLE_MATCHING_KEYS)/;

const options = {
  audience: Type.String({ ...text, description: 'the audience of the push subscription.' }),
  email: Type.String({ ...text, description: 'the service account that pushes.' }),
  jwksUrl: Type.String({
    pattern: '^https?://\\S+$',
    title: 'an http or https address',
    default: googleKeys,
    description: 'where the keys of the issuer are.',
  }),
};

/** Google's word for who pushes: a signed token in `Authorization`. It says nothing about the body. */
export const googleOidc = defineScheme({
  name: 'google-oidc',
  options,
  needs: ['audience', 'email'],
  check: ({ jwksUrl }) => keyHost(jwksUrl),
  createJudge: createGoogleJudge,
});

/** Whoever answers in place of the key host can sign anything. */
function keyHost(url: unknown): Problem[] {
  if (typeof url !== 'string') return [];
  const { protocol, hostname } = URL.parse(url) ?? {};
  const local = protocol === 'http:' && ['localhost', '127.0.0.1', '[::1]'].includes(hostname ?? '');
  if (protocol === 'https:' || local) return [];
  return [{ path: '/jwksUrl', message: 'expected an https address; http is for this machine only' }];
}

function createGoogleJudge(config: OptionsOf<typeof options>, deps: VerifierDeps): Judge {
  const { now = Date.now, issuerKeys = (url) => createIssuerKeys(url, deps.now) } = deps;
  const { audience, email } = config;
  const signer = signerOf('google-oidc', audience ?? '', email ?? '');
  const keys = issuerKeys(new URL(config.jwksUrl ?? googleKeys));

  return {
    signsBody: false,
    credentials: { headers: ['authorization'], query: [] },

    async verify({ headers }) {
      if (!audience || !email) return noSecret;
      const authorization = headerOf(headers, 'authorization');
      if (authorization === undefined) {
        return refusal('header missing', 'authorization is missing: enable authentication in the push subscription');
      }
      const token = /^bearer +(\S+)$/i.exec(authorization)?.[1];
      if (token === undefined) return refusal('malformed', 'authorization holds no bearer token');
      try {
        // Before the signature: nobody has keys looked for who does not even know what the token should say.
        const claims = decodeJwt(token);
        const stranger = checkClaims(claims, audience, email) ?? checkTime(claims, now());
        if (stranger) return stranger;
        await jwtVerify(token, keys, {
          issuer: issuers,
          audience,
          algorithms: ['RS256'],
          requiredClaims: ['exp'],
          currentDate: new Date(now()),
        });
        return { ok: true, signer };
      } catch (error) {
        return refusalOf(error);
      }
    },

    identify(_, payload) {
      const id = valueAt(payload, ['message', 'messageId']);
      return { ok: true, deliveryId: typeof id === 'string' && id !== '' ? id : null, idIsSigned: false };
    },
    restamp: (payload) => payload,
  };
}

/** Whether a token says that Google speaks of this service account to this audience. */
function checkClaims(
  { iss, aud, email, email_verified }: JWTPayload,
  audience: string,
  account: string,
): Refusal | null {
  if (!issuers.includes(iss ?? '')) return wrongClaim('iss');
  if (![aud].flat().includes(audience)) return wrongClaim('aud');
  if (email === account && email_verified === true) return null;
  return refusal(
    'token refused',
    'email of the token is not the configured service account, or Google has not verified it: compare verify.email with the push subscription',
  );
}

function checkTime({ exp }: JWTPayload, now: number): Refusal | null {
  if (typeof exp !== 'number') return wrongClaim('exp');
  return exp * 1000 > now ? null : refusal('clock', 'the token has expired, or this clock is wrong');
}

function wrongClaim(name: string): Refusal {
  return refusal(
    'token refused',
    `${name} of the token is not as configured: compare verify with the push subscription`,
  );
}

function refusalOf(error: unknown): Refusal {
  if (error instanceof errors.JWTClaimValidationFailed) return wrongClaim(error.claim);
  const code = error instanceof errors.JOSEError ? error.code : '';
  if (faultOfToken.test(code)) return refusal('token refused', `the token is not one that Google signed (${code})`);
  const why = error instanceof KeysUnavailable ? error.message : 'the keys of the issuer cannot be used';
  return refusal('keys unavailable', `${why}, so the token cannot be checked: see verify.jwksUrl if it lasts`);
}
