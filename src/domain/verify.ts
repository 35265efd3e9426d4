import { type Static, Type } from 'typebox';
import { secretText } from './secret.ts';

/** How senders prove who they are: a signature over the bytes, a token of their own, or somebody's word for them. */
export const schemes = [
  'github',
  'gitlab',
  'gitea',
  'stripe',
  'slack',
  'shopify',
  'linear',
  'sentry',
  'pagerduty',
  'standard-webhooks',
  'hookdeck',
  'hmac',
  'basic',
  'token',
  'twilio',
  'discord',
  'google-oidc',
  'meta',
] as const;
export type Scheme = (typeof schemes)[number];

const text = { minLength: 1, pattern: '\\S' };
const headerName = { pattern: "^[A-Za-z0-9!#$%&'*+.^_`|~-]+$", title: 'the name of a header' };

/** A mapping's `verify`. Which options belong to which scheme is for `checkVerify` to say. */
export const verifySchema = Type.Object(
  {
    scheme: Type.Enum(schemes, { description: 'How the sender proves who it is.' }),
    ...Type.Partial(
      Type.Object({
        secret: Type.String({
          ...secretText,
          description: 'What the sender signs with or presents. Usually `${NAME}`.',
        }),
        secrets: Type.Array(Type.String(secretText), {
          minItems: 1,
          description: 'Several secrets, any of which will do, while one is being replaced.',
        }),
        toleranceSeconds: Type.Integer({
          minimum: 0,
          maximum: 86_400,
          default: 300,
          description:
            'How far a signed timestamp may be from this clock, in both directions; 60 for linear unless given.',
        }),
        header: Type.String({ ...headerName, description: 'hmac: holds the signature. token: holds the secret.' }),
        algorithm: Type.Enum(['sha1', 'sha256', 'sha512'], { default: 'sha256', description: 'hmac: the hash.' }),
        encoding: Type.Enum(['hex', 'base64'], { default: 'hex', description: 'hmac: how the signature is written.' }),
        prefix: Type.String({ default: '', description: 'hmac: what stands before the signature, such as `sha256=`.' }),
        keyEncoding: Type.Enum(['utf8', 'hex', 'base64'], {
          description:
            'hmac (utf8 unless given), standard-webhooks (base64 unless given): how the secret is written. `utf8` takes it as it stands.',
        }),
        signed: Type.String({
          ...text,
          default: '{body}',
          description: 'hmac: what is signed, of `{body}`, `{timestamp}` and `{id}`: `{timestamp}.{body}`.',
        }),
        timestampHeader: Type.String({ ...headerName, description: 'hmac: holds the signed timestamp.' }),
        timestampUnit: Type.Enum(['s', 'ms'], {
          default: 's',
          description: 'hmac: whether the timestamp counts seconds or milliseconds.',
        }),
        idHeader: Type.String({
          ...headerName,
          description: 'hmac, token, basic: holds the id of the delivery, the same in each attempt.',
        }),
        user: Type.String({ ...text, description: 'basic: the user name; the secret is the password.' }),
        url: Type.String({
          pattern: '^https?://[^\\s/?#]+[^\\s?#]*$',
          title: 'an http or https address without a query',
          description: 'twilio: the public address of this hook, as Twilio calls it.',
        }),
        publicKey: Type.String({ ...text, description: "discord: the application's public key, in hex." }),
        audience: Type.String({ ...text, description: 'google-oidc: the audience of the push subscription.' }),
        email: Type.String({ ...text, description: 'google-oidc: the service account that pushes.' }),
        jwksUrl: Type.String({
          pattern: '^https?://\\S+$',
          title: 'an http or https address',
          default: 'https://www.googleapis.com/oauth2/v3/certs',
          description: 'google-oidc: where the keys of the issuer are.',
        }),
        verifyToken: Type.String({
          ...text,
          ...secretText,
          description: 'meta: the verify token of the subscription.',
        }),
      }),
    ).properties,
  },
  {
    additionalProperties: false,
    description: 'How the sender proves who it is. A mapping with it needs no hook token and accepts none.',
  },
);
export type Verify = Static<typeof verifySchema>;

/** The configured secrets, in their order; blank ones are none. */
export function secretsOf(verify: Pick<Verify, 'secret' | 'secrets'>): string[] {
  return [...(verify.secret === undefined ? [] : [verify.secret]), ...(verify.secrets ?? [])].filter(
    (secret) => secret.trim() !== '',
  );
}
