import type { IncomingHttpHeaders } from 'node:http';
import { describe, expect, it } from '@jest/globals';
import type { Verify } from '../../src/verify/settings.ts';
import { createVerifier } from '../../src/verify/verifiers.ts';
import { post, publicKeyBase64, publicKeyHex, signEd25519 } from './signing.ts';

interface Vector {
  readonly name: string;
  readonly verify: Verify;
  readonly body: string | Buffer;
  readonly headers: IncomingHttpHeaders;
  /** epoch s */
  readonly at?: number;
  readonly search?: string;
}

const secret = 'secret';
const rawBody = '{"a":1.0,"b":"\\u00e9"}\n';
const rawHex = 'ddb4325085eff268e42f635578915dca09dc5f91c73f1dd886e876e898059944';
const rawBase64 = '3bQyUIXv8mjkL2NVeJFdygncX5HHPx3Yhuh26JgFmUQ=';
const trimmedHex = '6bf863a00f583f807abef630a4abfedea45aa552b39944477a6affcb8ec2ed0e';
const reserialisedHex = '21337232b5b45d17d4dd7d875235b54ffbcb2db5b90f3454607626072e55401e';
const slackBody =
  'token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c';

const whsec = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const standard: IncomingHttpHeaders = {
  'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
  'webhook-timestamp': '1614265330',
  'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
};
const decoy = 'v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc=';
const v1a = 'v1a,yoUrgEkc12aGqm0n4Sydmdz55xJfTz4AsAgieHFjmkR7LJtqVCZOQYzvvHjI5kAey+r4iaBGxTFRrl2iBQxtDQ==';
const standardVerify: Verify = { scheme: 'standard-webhooks', secret: whsec };
const standardVector = { verify: standardVerify, body: '{"test": 2432232314}', headers: standard, at: 1614265330 };

const twilio: Verify = { scheme: 'twilio', secret: '12345', url: 'https://mycompany.com/myapp.php' };
const form = 'application/x-www-form-urlencoded';
const twilioJson = {
  verify: twilio,
  body: '{"property": "value", "boolean": true}',
  headers: { 'x-twilio-signature': 'a9nBmqA0ju/hNViExpshrM61xv4=', 'content-type': 'application/json' },
  search: '?foo=1&bar=2&bodySHA256=0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620',
};
const hmac = (algorithm: 'sha1' | 'sha256'): Verify => ({ scheme: 'hmac', header: 'X-Signature', algorithm, secret });

const vectors: readonly Vector[] = [
  {
    name: 'GitHub',
    verify: { scheme: 'github', secret: "It's a Secret to Everybody" },
    body: 'Hello, World!',
    headers: { 'x-hub-signature-256': 'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17' },
  },
  { name: 'Standard Webhooks', ...standardVector },
  {
    name: 'Standard Webhooks without whsec_',
    ...standardVector,
    verify: { ...standardVerify, secret: whsec.slice('whsec_'.length) },
  },
  {
    name: 'Standard Webhooks with a decoy first',
    ...standardVector,
    headers: { ...standard, 'webhook-signature': `${decoy} ${standard['webhook-signature']}` },
  },
  {
    name: 'Svix',
    ...standardVector,
    headers: {
      'svix-id': standard['webhook-id'],
      'svix-timestamp': '1614265330',
      'svix-signature': standard['webhook-signature'],
    },
  },
  {
    name: 'Standard Webhooks v1a beside a v1',
    ...standardVector,
    verify: { scheme: 'standard-webhooks', secret: `whpk_${publicKeyBase64}` },
    headers: { ...standard, 'webhook-signature': `${decoy} ${v1a}` },
  },
  {
    name: 'Slack',
    verify: { scheme: 'slack', secret: '8f742231b10e8888abcd99yyyzzz85a5' },
    body: slackBody,
    at: 1531420618,
    headers: {
      'x-slack-request-timestamp': '1531420618',
      'x-slack-signature': 'v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503',
    },
  },
  {
    name: 'Twilio with a form',
    verify: twilio,
    search: '?foo=1&bar=2',
    body: 'To=%2B18005551212&CallSid=CA1234567890ABCDE&Caller=%2B14158675309&Digits=1234&From=%2B14158675309',
    headers: { 'x-twilio-signature': 'RSOYDt4T1cUTdK1PDd93/VVr8B8=', 'content-type': form },
  },
  {
    name: 'Twilio with repeated values',
    verify: twilio,
    search: '?foo=1&bar=2',
    body: 'Sid=CA123&SidAccount=AC123&Digits=5678&Digits=1234&Digits=1234',
    headers: { 'x-twilio-signature': 'IK+Dwps556ElfBT0I3Rgjkr1wJU=', 'content-type': form },
  },
  { name: 'Twilio with JSON', ...twilioJson },
  {
    name: 'hmac sha1',
    verify: hmac('sha1'),
    body: '{"a": "z"}',
    headers: { 'x-signature': 'b17e04cbb22afa8ffbff8796fc1894ed27badd9e' },
  },
  {
    name: 'hmac sha256',
    verify: hmac('sha256'),
    body: '{"a": "z"}',
    headers: { 'x-signature': 'f417af3a21bd70379b5796d5f013915e7029f62c580fb0f500f59a35a6f04c89' },
  },
  {
    name: 'hmac of an empty body',
    verify: hmac('sha256'),
    body: '',
    headers: { 'x-signature': 'f9e66e179b6747ae54108f82f8ade8b3c25d76fd30afde6c395822c530196169' },
  },
  {
    name: 'Stripe',
    verify: { scheme: 'stripe', secret: 'whsec_test_secret' },
    body: '{"id":"evt_test_webhook","object":"event"}',
    at: 1614556800,
    headers: {
      'stripe-signature': 't=1614556800,v1=96943a0ceebda8d3913e8b90697d39bbe16342f950890d77a41a248e4fb22794,v0=00',
    },
  },
  { name: 'Gitea', verify: { scheme: 'gitea', secret }, body: rawBody, headers: { 'x-gitea-signature': rawHex } },
  { name: 'Forgejo', verify: { scheme: 'gitea', secret }, body: rawBody, headers: { 'x-forgejo-signature': rawHex } },
  { name: 'Sentry', verify: { scheme: 'sentry', secret }, body: rawBody, headers: { 'sentry-hook-signature': rawHex } },
  {
    name: 'PagerDuty',
    verify: { scheme: 'pagerduty', secret },
    body: rawBody,
    headers: { 'x-pagerduty-signature': `v1=${trimmedHex},v1=${rawHex}` },
  },
  {
    name: 'Shopify',
    verify: { scheme: 'shopify', secret },
    body: rawBody,
    headers: { 'x-shopify-hmac-sha256': rawBase64 },
  },
  {
    name: 'Shopify without X-',
    verify: { scheme: 'shopify', secret },
    body: rawBody,
    headers: { 'shopify-hmac-sha256': rawBase64 },
  },
  {
    name: 'Hookdeck',
    verify: { scheme: 'hookdeck', secret },
    body: rawBody,
    headers: { 'x-hookdeck-signature': rawBase64 },
  },
  {
    name: 'Hookdeck with the second of two signatures',
    verify: { scheme: 'hookdeck', secret },
    body: rawBody,
    headers: { 'x-hookdeck-signature': decoy.slice(3), 'x-hookdeck-signature-2': rawBase64 },
  },
  {
    name: 'bytes that are not UTF-8',
    verify: { scheme: 'gitea', secret },
    body: Buffer.from('7b2278223a22fffe227d', 'hex'),
    headers: { 'x-gitea-signature': 'fd32f7115d99aae19d54a73265aec336da21ca0e81dc9946039d454283622f0e' },
  },
  {
    name: 'Linear',
    verify: { scheme: 'linear', secret },
    body: '{"action":"create","webhookTimestamp":1614556800000}',
    headers: { 'linear-signature': '15481289a21d0148448cdf8e7f7a104bffe8954935ff13717d2fdca17cb6df90' },
  },
  {
    name: 'GitLab signing',
    verify: { scheme: 'gitlab', secret: whsec },
    body: '{"object_kind":"push"}',
    at: 1614265330,
    headers: {
      'webhook-id': 'f5b1c2d3-0000-4000-8000-000000000001',
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,qlJsMR2/CtHyTvE4BHIQxF5Lpc0pvu4z2lj1oAQGuqQ=',
    },
  },
  {
    name: 'Discord',
    verify: { scheme: 'discord', publicKey: publicKeyHex },
    body: '{"type":1}',
    at: 1614265330,
    headers: {
      'x-signature-timestamp': '1614265330',
      'x-signature-ed25519':
        'af6d59ebbd4297ec7f0492bf3fa23dae15da49f6604e030b6ccfb8c0dc1fb8a86aed2647c59a6db59e941e999599e4e1deb02ff0107fd14db824c7c981c4d906',
    },
  },
];

function judge({ verify, body, headers, at = 1614556800, search }: Vector) {
  return createVerifier(verify, { now: () => at * 1000 }).verify(post(body, headers, search));
}

describe('frozen signatures', () => {
  it.each(vectors)('accepts that of $name', async (vector) => {
    expect(await judge(vector)).toMatchObject({ ok: true });
  });

  it.each([
    ['trimmed', trimmedHex],
    ['serialised anew', reserialisedHex],
    ['that went through a string', '6f863217b58797cf'.padEnd(64, '0')],
  ])('refuses that of a body %s', async (_, signature) => {
    const vector = { name: '', verify: { scheme: 'gitea', secret } as const, body: rawBody };
    expect(await judge({ ...vector, headers: { 'x-gitea-signature': signature } })).toMatchObject({ step: 'no match' });
  });

  it('refuses the decoy alone', async () => {
    const headers = { ...standard, 'webhook-signature': decoy };
    expect(await judge({ name: '', ...standardVector, headers })).toMatchObject({ step: 'no match' });
  });

  it('refuses a hash of the body that is right where the signature is not, and the other way round', async () => {
    expect(await judge({ name: '', ...twilioJson, body: '{"property": "other"}' })).toMatchObject({
      step: 'not covered',
    });
    const search = twilioJson.search.replace('foo=1', 'foo=2');
    expect(await judge({ name: '', ...twilioJson, search })).toMatchObject({ step: 'no match' });
  });

  it('agrees with the signer of the tests about Ed25519', () => {
    const message = Buffer.from(`${standard['webhook-id']}.1614265330.{"test": 2432232314}`);
    expect(`v1a,${signEd25519(message).toString('base64')}`).toBe(v1a);
  });
});
