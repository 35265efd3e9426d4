import { createHmac } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { describe, expect, it } from '@jest/globals';
import { sign, verify } from '@octokit/webhooks-methods';
import { Webhook as StandardWebhook } from 'standardwebhooks';
import Stripe from 'stripe';
import { Webhook as SvixWebhook } from 'svix';
import type { Verify } from '../../src/verify/settings.ts';
import { checkVerify } from '../../src/verify/settings.ts';
import { createVerifier } from '../../src/verify/verifiers.ts';
import { post } from './signing.ts';

// The vendors' libraries read the real clock.
const now = Math.floor(Date.now() / 1000) * 1000;
const stamp = { id: 'msg_27UH4WbU6Z5A5EzD8u03UvzRbpk', now };
const body = JSON.stringify({ id: 'evt_1', text: 'naïve ☃ text', nested: { list: [1, 2.5, null] } });
const whsec = 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD';
const otherWhsec = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const stripe = new Stripe('sk_test_none');

interface Vendor {
  readonly name: string;
  readonly config: Verify;
  readonly otherSecret: string;
  readonly toleranceSeconds?: number;
  sign(body: string): Promise<IncomingHttpHeaders> | IncomingHttpHeaders;
  /** Throws, or says false, where the vendor's library does not accept it. */
  accepts(body: string, headers: Record<string, string>): unknown;
}

const vendors: readonly Vendor[] = [
  {
    name: 'octokit',
    config: { scheme: 'github', secret: 'correct horse' },
    otherSecret: 'battery staple',
    sign: async (text) => ({ 'x-hub-signature-256': await sign('correct horse', text) }),
    accepts: (text, headers) => verify('correct horse', text, headers['x-hub-signature-256'] ?? ''),
  },
  {
    name: 'stripe',
    config: { scheme: 'stripe', secret: whsec },
    otherSecret: otherWhsec,
    toleranceSeconds: 300,
    sign: (text) => ({
      'stripe-signature': stripe.webhooks.generateTestHeaderString({
        payload: text,
        secret: whsec,
        timestamp: now / 1000,
      }),
    }),
    accepts: (text, headers) => stripe.webhooks.constructEvent(text, headers['stripe-signature'] ?? '', whsec),
  },
  {
    name: 'standardwebhooks',
    config: { scheme: 'standard-webhooks', secret: whsec },
    otherSecret: otherWhsec,
    toleranceSeconds: 300,
    sign: (text) => ({
      'webhook-id': stamp.id,
      'webhook-timestamp': String(now / 1000),
      'webhook-signature': new StandardWebhook(whsec).sign(stamp.id, new Date(now), text),
    }),
    accepts: (text, headers) => new StandardWebhook(whsec).verify(text, headers),
  },
  {
    name: 'standardwebhooks with a raw secret',
    config: { scheme: 'standard-webhooks', keyEncoding: 'utf8', secret: 'not base64!' },
    otherSecret: 'nor is this!',
    toleranceSeconds: 300,
    sign: (text) => ({
      'webhook-id': stamp.id,
      'webhook-timestamp': String(now / 1000),
      'webhook-signature': new StandardWebhook('not base64!', { format: 'raw' }).sign(stamp.id, new Date(now), text),
    }),
    accepts: (text, headers) => new StandardWebhook('not base64!', { format: 'raw' }).verify(text, headers),
  },
  {
    name: 'svix',
    config: { scheme: 'standard-webhooks', secret: whsec },
    otherSecret: otherWhsec,
    toleranceSeconds: 300,
    sign: (text) => ({
      'svix-id': stamp.id,
      'svix-timestamp': String(now / 1000),
      'svix-signature': new SvixWebhook(whsec).sign(stamp.id, new Date(now), text),
    }),
    accepts: (text, headers) => new SvixWebhook(whsec).verify(text, headers),
  },
];

describe.each(vendors)('$name', (vendor) => {
  const { config, otherSecret, toleranceSeconds } = vendor;
  const verifier = createVerifier(config, { now: () => now });

  it('signs what is accepted here', async () => {
    expect(await verifier.verify(post(body, await vendor.sign(body)))).toMatchObject({ ok: true });
  });

  it('signs what is refused here after one flipped bit of any byte', async () => {
    const headers = await vendor.sign(body);
    for (let index = 0; index < Buffer.byteLength(body); index++) {
      const flipped = Buffer.from(body);
      flipped[index] = (flipped[index] ?? 0) ^ (1 << (index % 8));
      expect(await verifier.verify(post(flipped, headers))).toMatchObject({ step: 'no match' });
    }
  });

  it('signs what is refused here without any one of its headers', async () => {
    const headers = await vendor.sign(body);
    for (const name of Object.keys(headers)) {
      const verdict = await verifier.verify(post(body, { ...headers, [name]: undefined }));
      expect(verdict).toMatchObject({ step: 'header missing' });
    }
  });

  it('signs what is refused here with another secret', async () => {
    const another = createVerifier({ ...config, secret: otherSecret }, { now: () => now });
    expect(await another.verify(post(body, await vendor.sign(body)))).toMatchObject({ step: 'no match' });
  });

  if (toleranceSeconds !== undefined) {
    it('signs what is refused here one second too late, and accepted just in time', async () => {
      const request = post(body, await vendor.sign(body));
      const verdictAfter = (seconds: number) =>
        createVerifier(config, { now: () => now + seconds * 1000 }).verify(request);
      expect(await verdictAfter(toleranceSeconds)).toMatchObject({ ok: true });
      expect(await verdictAfter(toleranceSeconds + 1)).toMatchObject({ step: 'clock' });
    });
  }

  it('accepts what we sign, and not with another body', async () => {
    const headers = verifier.sign?.(Buffer.from(body), stamp) ?? {};
    const accepts = async (text: string) => (await vendor.accepts(text, headers)) !== false;
    expect(await accepts(body)).toBe(true);
    expect(await accepts(`${body} `).catch(() => false)).toBe(false);
  });
});

describe('a secret of Standard Webhooks, however it is written', () => {
  const bytes = Buffer.from('the bytes of a secret, some of them: \xff\xfe\xbf', 'latin1');
  const lengths = [bytes.subarray(0, 24), bytes.subarray(0, 25), bytes.subarray(0, 26), bytes];
  const loose = (text: string) =>
    text.replace(/[A-Za-z0-9+/](=*)$/, (last, pad) =>
      pad === '' ? last : `${String.fromCharCode(last.charCodeAt(0) + 1)}${pad}`,
    );
  const writings: [string, (key: Buffer) => string][] = [
    ['with padding', (key) => key.toString('base64')],
    ['without padding', (key) => key.toString('base64').replace(/=+$/, '')],
    ['with bits that count for nothing', (key) => loose(key.toString('base64'))],
    ['with bits that count for nothing, and no padding', (key) => loose(key.toString('base64')).replace(/=+$/, '')],
  ];
  const headersOf = (signature: string) => ({
    'webhook-id': stamp.id,
    'webhook-timestamp': String(now / 1000),
    'webhook-signature': signature,
  });
  const verdictOf = (config: Omit<Verify, 'scheme'>, signature: string) => {
    const verify: Verify = { scheme: 'standard-webhooks', ...config };
    // What the owner would be told at load.
    expect(checkVerify(verify)).toEqual([]);
    return createVerifier(verify, { now: () => now }).verify(post(body, headersOf(signature)));
  };

  describe.each(['whsec_', ''])('%s', (prefix) => {
    it.each(writings)('%s is the key that the libraries take it for', async (_, write) => {
      for (const key of lengths) {
        const secret = prefix + write(key);
        const signed = [StandardWebhook, SvixWebhook].map((Library) =>
          new Library(secret).sign(stamp.id, new Date(now), body),
        );
        expect(new Set(signed).size).toBe(1);
        expect(await verdictOf({ secret }, signed[0] ?? '')).toMatchObject({ ok: true });
      }
    });

    it('in the letters of base64url, and in lines, is the same key', async () => {
      const signature = new StandardWebhook(bytes.toString('base64')).sign(stamp.id, new Date(now), body);
      for (const text of [bytes.toString('base64url'), bytes.toString('base64').replace(/(.{20})/g, '$1\n')]) {
        expect(await verdictOf({ secret: prefix + text }, signature)).toMatchObject({ ok: true });
      }
    });
  });

  it('that is no base64 is refused, and the advice that comes with it leads to what its sender signs', async () => {
    const secret = 'any text, as it stands!';
    const problems = checkVerify({ scheme: 'standard-webhooks', secret });
    expect(problems).toEqual([{ path: '/secret', message: expect.stringContaining('keyEncoding: "utf8"') }]);
    const signature = new StandardWebhook(secret, { format: 'raw' }).sign(stamp.id, new Date(now), body);
    expect(await verdictOf({ secret, keyEncoding: 'utf8' }, signature)).toMatchObject({ ok: true });
  });
});

it.each(['hex', 'base64'] as const)(
  'a secret of hmac in %s may stand in lines, as tools print it',
  async (keyEncoding) => {
    const bytes = Buffer.alloc(64, 7);
    const secret = bytes.toString(keyEncoding).replace(/(.{30})/g, '$1\n');
    const config: Verify = { scheme: 'hmac', header: 'X-Sig', keyEncoding, secret };
    expect(checkVerify(config)).toEqual([]);
    const signature = createHmac('sha256', bytes).update(body).digest('hex');
    expect(await createVerifier(config).verify(post(body, { 'x-sig': signature }))).toMatchObject({ ok: true });
  },
);
