import { createHash, createHmac, createPrivateKey, sign } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { Verify } from '../../src/verify/settings.ts';
import type { ProofStamp, SignedRequest } from '../../src/verify/verifier.ts';
import { createVerifier } from '../../src/verify/verifiers.ts';

/** A POST as the gateway sees it. */
export function post(rawBody: Buffer | string, headers: IncomingHttpHeaders, search = ''): SignedRequest {
  const query = Object.fromEntries(new URLSearchParams(search));
  return { method: 'POST', headers, query, search, rawBody: Buffer.from(rawBody) };
}

/** The seed 00 … 1f, as the vectors have it. */
const seed = Buffer.from(Array.from({ length: 32 }, (_, index) => index));
export const publicKeyHex = '03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8';
export const publicKeyBase64 = 'A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg=';

export function signEd25519(message: Buffer): Buffer {
  const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]);
  return sign(null, message, createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }));
}

/** A scheme that signs the body, with all that the suite has to know of it. */
export interface Signed {
  readonly name: string;
  readonly config: Verify;
  /** the same with another secret */
  readonly other: Verify;
  /** the header of the signature, and where in its value the signature proper begins */
  readonly header: string;
  readonly prefix: string;
  readonly encoding: 'hex' | 'base64';
  readonly separator?: ' ' | ',';
  readonly timestampHeader?: string;
  readonly toleranceSeconds?: number;
  /** what a request with two good headers of the same name is */
  readonly twice?: 'refused';
  /** a body that says when it was signed, and what it is otherwise */
  readonly body: (now: number) => string;
  request(body: Buffer | string, stamp: ProofStamp): SignedRequest;
}

const event = () => '{"event":"push"}';
const key = (name: string) => `whsec_${createHash('sha256').update(name).digest('base64')}`;

function ours(config: Verify): (body: Buffer | string, stamp: ProofStamp) => SignedRequest {
  return (body, stamp) => post(body, createVerifier(config).sign?.(Buffer.from(body), stamp) ?? {});
}

function signed(
  config: Verify,
  other: Partial<Verify>,
  rest: Omit<Signed, 'config' | 'other' | 'name' | 'body' | 'request'> & Partial<Signed>,
): Signed {
  return { name: config.scheme, config, other: { ...config, ...other }, body: event, request: ours(config), ...rest };
}

const secret = { secret: 'correct horse' };
const wrong = { secret: 'battery staple' };
const seconds = { toleranceSeconds: 300 };
const twilioUrl = 'https://hooks.example.com/hooks/twilio';

function twilioForm(body: Buffer | string): string {
  const fields = [...new URLSearchParams(body.toString())].toSorted(([a], [b]) => (a < b ? -1 : 1));
  return fields.map(([name, value]) => name + value).join('');
}

export const signedSchemes: readonly Signed[] = [
  signed({ scheme: 'github', ...secret }, wrong, { header: 'x-hub-signature-256', prefix: 'sha256=', encoding: 'hex' }),
  signed({ scheme: 'meta', verifyToken: 'v', ...secret }, wrong, {
    header: 'x-hub-signature-256',
    prefix: 'sha256=',
    encoding: 'hex',
  }),
  signed({ scheme: 'gitea', ...secret }, wrong, { header: 'x-gitea-signature', prefix: '', encoding: 'hex' }),
  signed({ scheme: 'sentry', ...secret }, wrong, { header: 'sentry-hook-signature', prefix: '', encoding: 'hex' }),
  signed({ scheme: 'pagerduty', ...secret }, wrong, {
    header: 'x-pagerduty-signature',
    prefix: 'v1=',
    encoding: 'hex',
  }),
  signed({ scheme: 'shopify', ...secret }, wrong, { header: 'x-shopify-hmac-sha256', prefix: '', encoding: 'base64' }),
  signed({ scheme: 'hookdeck', ...secret }, wrong, { header: 'x-hookdeck-signature', prefix: '', encoding: 'base64' }),
  signed({ scheme: 'linear', ...secret }, wrong, {
    header: 'linear-signature',
    prefix: '',
    encoding: 'hex',
    toleranceSeconds: 60,
    body: (now) => JSON.stringify({ webhookTimestamp: now }),
  }),
  signed({ scheme: 'stripe', secret: 'whsec_test_secret' }, wrong, {
    ...seconds,
    header: 'stripe-signature',
    prefix: 'v1=',
    encoding: 'hex',
    twice: 'refused',
  }),
  signed({ scheme: 'slack', ...secret }, wrong, {
    ...seconds,
    header: 'x-slack-signature',
    prefix: 'v0=',
    encoding: 'hex',
    timestampHeader: 'x-slack-request-timestamp',
  }),
  ...(['standard-webhooks', 'gitlab'] as const).map((scheme) =>
    signed(
      { scheme, secret: key('a') },
      { secret: key('b') },
      {
        ...seconds,
        header: 'webhook-signature',
        prefix: 'v1,',
        encoding: 'base64',
        separator: ' ',
        timestampHeader: 'webhook-timestamp',
      },
    ),
  ),
  signed(
    { scheme: 'standard-webhooks', secret: `whpk_${publicKeyBase64}` },
    { secret: key('b') },
    {
      ...seconds,
      name: 'standard-webhooks v1a',
      header: 'webhook-signature',
      prefix: 'v1a,',
      encoding: 'base64',
      separator: ' ',
      timestampHeader: 'webhook-timestamp',
      request(body, { id, now }) {
        const timestamp = String(Math.floor(now / 1000));
        const signature = signEd25519(Buffer.concat([Buffer.from(`${id}.${timestamp}.`), Buffer.from(body)]));
        return post(body, {
          'webhook-id': id,
          'webhook-timestamp': timestamp,
          'webhook-signature': `v1a,${signature.toString('base64')}`,
        });
      },
    },
  ),
  signed(
    { scheme: 'discord', publicKey: publicKeyHex },
    { publicKey: publicKeyHex.replace('03', '04') },
    {
      ...seconds,
      header: 'x-signature-ed25519',
      prefix: '',
      encoding: 'hex',
      timestampHeader: 'x-signature-timestamp',
      request(body, { now }) {
        const timestamp = String(Math.floor(now / 1000));
        const signature = signEd25519(Buffer.concat([Buffer.from(timestamp), Buffer.from(body)]));
        return post(body, { 'x-signature-timestamp': timestamp, 'x-signature-ed25519': signature.toString('hex') });
      },
    },
  ),
  signed({ scheme: 'hmac', header: 'X-Sig', algorithm: 'sha1', ...secret }, wrong, {
    name: 'hmac sha1 hex',
    header: 'x-sig',
    prefix: '',
    encoding: 'hex',
  }),
  signed(
    {
      scheme: 'hmac',
      header: 'X-Sig',
      algorithm: 'sha512',
      encoding: 'base64',
      prefix: 'v9,',
      keyEncoding: 'hex',
      signed: '{id}|{timestamp}|{body}',
      timestampHeader: 'X-Time',
      idHeader: 'X-Id',
      toleranceSeconds: 120,
      secret: 'c0ffee',
    },
    { secret: 'c0ffef' },
    {
      name: 'hmac sha512 base64 with time and id',
      header: 'x-sig',
      prefix: 'v9,',
      encoding: 'base64',
      separator: ' ',
      timestampHeader: 'x-time',
      toleranceSeconds: 120,
    },
  ),
  signed({ scheme: 'twilio', url: twilioUrl, ...secret }, wrong, {
    name: 'twilio with a body hash',
    header: 'x-twilio-signature',
    prefix: '',
    encoding: 'base64',
    twice: 'refused',
    request(body) {
      const search = `?bodySHA256=${createHash('sha256').update(body).digest('hex')}`;
      const signature = createHmac('sha1', secret.secret)
        .update(twilioUrl + search)
        .digest('base64');
      return post(body, { 'x-twilio-signature': signature, 'content-type': 'application/json' }, search);
    },
  }),
  signed({ scheme: 'twilio', url: twilioUrl, ...secret }, wrong, {
    name: 'twilio with a form',
    header: 'x-twilio-signature',
    prefix: '',
    encoding: 'base64',
    twice: 'refused',
    body: () => 'MessageSid=SM1&From=%2B14158675309&Body=caf%C3%A9',
    request(body) {
      const signature = createHmac('sha1', secret.secret)
        .update(twilioUrl + twilioForm(body))
        .digest('base64');
      return post(body, {
        'x-twilio-signature': signature,
        'content-type': 'application/x-www-form-urlencoded; charset=UTF-8',
      });
    },
  }),
];
