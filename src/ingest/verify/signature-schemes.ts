import { valueAt } from '../../domain/event.ts';
import type { Scheme, Verify } from '../../domain/verify.ts';
import type { HeaderSet, SignatureScheme } from './signature-scheme.ts';

type Named = Exclude<Scheme, 'gitlab' | 'hmac' | 'basic' | 'token' | 'twilio' | 'google-oidc'>;

const hexSha256 = { prefix: '', algorithm: 'sha256', encoding: 'hex' } as const;
const base64Sha256 = { prefix: '', algorithm: 'sha256', encoding: 'base64' } as const;
const standardHeaders: HeaderSet = {
  signatures: ['webhook-signature'],
  timestamp: 'webhook-timestamp',
  ids: ['webhook-id'],
};
const headerSeconds = { in: 'header', unit: 's', toleranceSeconds: 300 } as const;

const standardWebhooks: SignatureScheme = {
  sender: 'Standard Webhooks',
  secretAt: "the endpoint's signing secret at the sender",
  ifMissing: 'does the sender follow Standard Webhooks, and is signing switched on there?',
  headers: [standardHeaders, { signatures: ['svix-signature'], timestamp: 'svix-timestamp', ids: ['svix-id'] }],
  separator: ' ',
  hmac: { ...base64Sha256, prefix: 'v1,' },
  ed25519: { prefix: 'v1a,', encoding: 'base64' },
  signed: '{id}.{timestamp}.{body}',
  timestamp: headerSeconds,
};

/** Since GitLab 19.0, with a signing token. */
export const gitlabSigning: SignatureScheme = {
  sender: 'GitLab',
  secretAt: "the signing token in GitLab's webhook settings",
  ifMissing: "set this signing token in GitLab's webhook settings; a secret token is not accepted in its place",
  headers: [standardHeaders],
  separator: ' ',
  hmac: { ...base64Sha256, prefix: 'v1,' },
  signed: '{id}.{timestamp}.{body}',
  timestamp: headerSeconds,
};

export const signatureSchemes: Readonly<Record<Named, SignatureScheme>> = {
  github: {
    sender: 'GitHub',
    secretAt: "the secret in GitHub's webhook settings",
    ifMissing: "set a secret in GitHub's webhook settings",
    headers: [{ signatures: ['x-hub-signature-256'], ids: ['x-github-delivery'] }],
    hmac: { ...hexSha256, prefix: 'sha256=' },
    signed: '{body}',
  },
  gitea: {
    sender: 'Gitea',
    secretAt: "the secret in the webhook's settings at Gitea or Forgejo",
    ifMissing: "set a secret in the webhook's settings at Gitea or Forgejo",
    headers: [
      { signatures: ['x-gitea-signature'], ids: ['x-gitea-delivery'] },
      { signatures: ['x-forgejo-signature'], ids: ['x-forgejo-delivery', 'x-gitea-delivery'] },
    ],
    hmac: hexSha256,
    signed: '{body}',
  },
  stripe: {
    sender: 'Stripe',
    secretAt: "the endpoint's signing secret (whsec_…) in Stripe's dashboard",
    ifMissing: 'does this come from Stripe?',
    headers: [{ signatures: ['stripe-signature'] }],
    hmac: { ...hexSha256, prefix: 'v1=' },
    signed: '{timestamp}.{body}',
    timestamp: { in: { item: 't=' }, unit: 's', toleranceSeconds: 300 },
    idInPayload: ['id'],
  },
  slack: {
    sender: 'Slack',
    secretAt: 'the signing secret under Basic Information of the Slack app',
    ifMissing: 'does this come from Slack?',
    headers: [{ signatures: ['x-slack-signature'], timestamp: 'x-slack-request-timestamp' }],
    hmac: { ...hexSha256, prefix: 'v0=' },
    signed: 'v0:{timestamp}:{body}',
    timestamp: headerSeconds,
    idInPayload: ['event_id'],
    handshake(payload) {
      const challenge = valueAt(payload, ['challenge']);
      if (valueAt(payload, ['type']) !== 'url_verification' || typeof challenge !== 'string') return null;
      return { status: 200, contentType: 'text/plain', body: challenge };
    },
  },
  shopify: {
    sender: 'Shopify',
    secretAt: "the app's client secret at Shopify (after a change the old one signs for up to an hour: list both)",
    ifMissing: 'does this come from Shopify?',
    headers: [
      { signatures: ['x-shopify-hmac-sha256'], ids: ['x-shopify-webhook-id'] },
      { signatures: ['shopify-hmac-sha256'], ids: ['shopify-webhook-id'] },
    ],
    hmac: base64Sha256,
    signed: '{body}',
  },
  linear: {
    sender: 'Linear',
    secretAt: "the signing secret in Linear's webhook settings",
    ifMissing: 'does this come from Linear?',
    headers: [{ signatures: ['linear-signature'], ids: ['linear-delivery'] }],
    hmac: hexSha256,
    signed: '{body}',
    // The header linear-timestamp is not signed.
    timestamp: { in: { payload: ['webhookTimestamp'] }, unit: 'ms', toleranceSeconds: 60 },
  },
  sentry: {
    sender: 'Sentry',
    secretAt: 'the client secret of the Sentry integration',
    ifMissing: 'does this come from an internal or public integration of Sentry?',
    headers: [{ signatures: ['sentry-hook-signature'], ids: ['request-id'] }],
    hmac: hexSha256,
    signed: '{body}',
  },
  pagerduty: {
    sender: 'PagerDuty',
    secretAt: 'the secret that PagerDuty showed when the webhook subscription was made',
    ifMissing: 'does this come from a v3 webhook subscription of PagerDuty?',
    headers: [{ signatures: ['x-pagerduty-signature'] }],
    hmac: { ...hexSha256, prefix: 'v1=' },
    signed: '{body}',
    idInPayload: ['event', 'id'],
  },
  'standard-webhooks': standardWebhooks,
  hookdeck: {
    sender: 'Hookdeck',
    secretAt: "the signing secret in the Hookdeck project's settings",
    ifMissing: 'does this come from Hookdeck?',
    // Both come while the secret is being replaced. The event id alone is the same in each attempt.
    headers: [{ signatures: ['x-hookdeck-signature', 'x-hookdeck-signature-2'], ids: ['x-hookdeck-eventid'] }],
    hmac: base64Sha256,
    signed: '{body}',
  },
  discord: {
    sender: 'Discord',
    secretAt: 'the public key under General Information of the Discord application',
    ifMissing: 'does this come from Discord?',
    headers: [{ signatures: ['x-signature-ed25519'], timestamp: 'x-signature-timestamp' }],
    ed25519: { prefix: '', encoding: 'hex' },
    signed: '{timestamp}{body}',
    timestamp: headerSeconds,
    idInPayload: ['id'],
    handshake: (payload) =>
      valueAt(payload, ['type']) === 1 ? { status: 200, contentType: 'application/json', body: '{"type":1}' } : null,
  },
  meta: {
    sender: 'Meta',
    secretAt: 'the app secret under Basic settings of the Meta app',
    ifMissing: 'does this come from Meta?',
    headers: [{ signatures: ['x-hub-signature-256'] }],
    hmac: { ...hexSha256, prefix: 'sha256=' },
    signed: '{body}',
  },
};

/** The scheme that the options of `hmac` describe. */
export function hmacScheme(verify: Verify): SignatureScheme {
  const { header = '', algorithm = 'sha256', encoding = 'hex', prefix = '', signed = '{body}' } = verify;
  const { timestampHeader, timestampUnit = 's', idHeader } = verify;
  return {
    sender: 'the sender',
    secretAt: "the sender's, and the options of verify with how it signs",
    ifMissing: 'does the sender sign, and is this the header it signs in?',
    headers: [
      {
        signatures: [header.toLowerCase()],
        ...(timestampHeader !== undefined && { timestamp: timestampHeader.toLowerCase() }),
        ...(idHeader !== undefined && { ids: [idHeader.toLowerCase()] }),
      },
    ],
    // A prefix such as `v1,` cannot stand in a list that commas separate.
    ...(prefix.includes(',') && { separator: ' ' }),
    hmac: { prefix, algorithm, encoding },
    signed,
    ...(timestampHeader !== undefined && { timestamp: { in: 'header', unit: timestampUnit, toleranceSeconds: 300 } }),
  };
}
