import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { type CryptoKey, exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose';
import type { Verify } from '../../src/verify/settings.ts';
import type { Verifier } from '../../src/verify/verifier.ts';
import { createVerifier } from '../../src/verify/verifiers.ts';
import { atEnd } from '../support/at-end.ts';
import { eventually } from '../support/eventually.ts';
import { post } from './signing.ts';

const now = Date.now();
const seconds = Math.floor(now / 1000);
const claims: JWTPayload = {
  iss: 'https://accounts.google.com',
  aud: 'https://hooks.example.com/hooks/gmail',
  email: 'pusher@project.iam.gserviceaccount.com',
  email_verified: true,
  sub: '113774264463038321964',
  iat: seconds,
  exp: seconds + 3600,
};
const options: Verify = {
  scheme: 'google-oidc',
  audience: 'https://hooks.example.com/hooks/gmail',
  email: 'pusher@project.iam.gserviceaccount.com',
};

/** The host of the issuer's keys. */
interface KeyHost {
  readonly config: Verify;
  /** the ids of the keys it names now */
  kids: string[];
  status: number;
  requests: number;
  /** what it sends instead of its keys */
  body?: string;
  /** waits before it answers */
  before?: () => Promise<void>;
}

let pair: { privateKey: CryptoKey; publicKey: CryptoKey };
let stranger: CryptoKey;

beforeAll(async () => {
  pair = await generateKeyPair('RS256', { extractable: true });
  stranger = (await generateKeyPair('RS256')).privateKey;
});

async function keyHost(): Promise<KeyHost> {
  const jwk = await exportJWK(pair.publicKey);
  const server = createServer(async (_, res) => {
    host.requests++;
    await host.before?.();
    const keys = host.kids.map((kid) => ({ ...jwk, kid, alg: 'RS256', use: 'sig' }));
    res.writeHead(host.status, { 'content-type': 'application/json' }).end(host.body ?? JSON.stringify({ keys }));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  atEnd(() => server.closeAllConnections());
  atEnd(() => server.close());
  const jwksUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/certs`;
  const host: KeyHost = { config: { ...options, jwksUrl }, kids: ['one'], status: 200, requests: 0 };
  return host;
}

function mint(payload: JWTPayload, key: CryptoKey = pair.privateKey, kid = 'one'): Promise<string> {
  return new SignJWT(payload).setProtectedHeader({ alg: 'RS256', kid }).sign(key);
}

async function push(verifier: Verifier, token: string | undefined) {
  return verifier.verify(post('{}', token === undefined ? {} : { authorization: token }));
}

describe('google-oidc', () => {
  it('accepts a token for this audience and service account, of either form of the issuer', async () => {
    const verifier = createVerifier((await keyHost()).config, { now: () => now });
    expect(await push(verifier, `Bearer ${await mint(claims)}`)).toMatchObject({ ok: true });
    expect(await push(verifier, `bearer ${await mint({ ...claims, iss: 'accounts.google.com' })}`)).toMatchObject({
      ok: true,
    });
  });

  it.each<[string, Record<string, unknown>, string, RegExp]>([
    ['another issuer', { iss: 'https://accounts.example.com' }, 'token refused', /iss/],
    ['another audience', { aud: 'https://hooks.example.com/hooks/Gmail' }, 'token refused', /aud/],
    ['another service account', { email: 'other@project.iam.gserviceaccount.com' }, 'token refused', /verify\.email/],
    ['no e-mail', { email: undefined }, 'token refused', /email/],
    ['an e-mail that is not verified', { email_verified: false }, 'token refused', /verified/],
    ['an e-mail that is verified in a word only', { email_verified: 'true' }, 'token refused', /verified/],
    ['no expiry', { exp: undefined }, 'token refused', /exp/],
    ['a second too much', { exp: seconds - 1 }, 'clock', /expired/],
    ['a start in the future', { nbf: seconds + 60 }, 'token refused', /nbf/],
  ])('refuses a token with %s', async (_, change, step, detail) => {
    const verifier = createVerifier((await keyHost()).config, { now: () => now });
    const token = await mint({ ...claims, ...change });
    expect(await push(verifier, `Bearer ${token}`)).toMatchObject({ step, detail: expect.stringMatching(detail) });
  });

  it('refuses tokens that Google did not sign', async () => {
    const verifier = createVerifier((await keyHost()).config, { now: () => now });
    const good = await mint(claims);
    const [head = '', body = '', signature = ''] = good.split('.');
    const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const shared = await new SignJWT(claims).setProtectedHeader({ alg: 'HS256', kid: 'one' }).sign(Buffer.alloc(32, 1));
    const forged = [
      await mint(claims, stranger),
      shared,
      `${encode({ alg: 'none' })}.${body}.`,
      `${head}.${encode({ ...claims, email: 'x' })}.${signature}`,
      `${head}.${body}.${signature.slice(0, -8)}`,
      `${head}.${body}`,
      'junk',
      await new SignJWT(claims)
        .setProtectedHeader({ alg: 'RS256', kid: 'one', crit: ['x'], x: 1 })
        .sign(pair.privateKey, { crit: { x: true } }),
    ];
    for (const token of forged) {
      const verdict = await push(verifier, `Bearer ${token}`);
      expect(verdict).toMatchObject({ step: 'token refused' });
      expect(JSON.stringify(verdict)).not.toContain(token);
    }
    expect(await push(verifier, undefined)).toMatchObject({ step: 'header missing' });
    expect(await push(verifier, '')).toMatchObject({ step: 'header missing' });
    expect(await push(verifier, `Basic ${good}`)).toMatchObject({ step: 'malformed' });
  });

  it('fetches the keys once for all that wait for them', async () => {
    const host = await keyHost();
    const verifier = createVerifier(host.config, { now: () => now });
    const verdicts = await Promise.all(
      Array.from({ length: 50 }, async () => push(verifier, `Bearer ${await mint(claims)}`)),
    );
    expect(verdicts.filter(({ ok }) => ok)).toHaveLength(50);
    expect(host.requests).toBe(1);
  });

  describe('a key that the issuer does not name', () => {
    const tokenOf = async (kid: string, more: JWTPayload = {}) =>
      `Bearer ${await mint({ ...claims, exp: seconds + 86_400, ...more }, pair.privateKey, kid)}`;

    it('says nothing against its token, which is asked to come again until the key is there', async () => {
      const host = await keyHost();
      let clock = now;
      const verifier = createVerifier(host.config, { now: () => clock });
      const two = await tokenOf('two');
      expect(await push(verifier, two)).toMatchObject({ step: 'keys unavailable' });
      clock += 20_000;
      host.kids = ['one', 'two'];
      expect(await push(verifier, two)).toMatchObject({ step: 'keys unavailable' });
      clock += 11_000;
      expect(await push(verifier, two)).toMatchObject({ ok: true });
    });

    it('is looked for every 30 seconds at most, however many a stranger makes up', async () => {
      const host = await keyHost();
      let clock = now;
      const verifier = createVerifier(host.config, { now: () => clock });
      for (let second = 0; second < 60; second++) {
        for (const kid of [`a${second}`, `b${second}`])
          expect((await push(verifier, await tokenOf(kid))).ok).toBe(false);
        expect(await push(verifier, await tokenOf('one'))).toMatchObject({ ok: true });
        clock += 1000;
      }
      expect(host.requests).toBeLessThanOrEqual(3);
    });

    it('is not looked for at all where the token is for somebody else, or too old', async () => {
      const host = await keyHost();
      const verifier = createVerifier(host.config, { now: () => now });
      for (const change of [{ aud: 'x' }, { iss: 'x' }, { email: 'x' }, { exp: 1 }, { exp: undefined }]) {
        const step = expect.stringMatching(/^(token refused|clock)$/);
        expect(await push(verifier, await tokenOf('two', change as JWTPayload))).toMatchObject({ step });
      }
      expect(host.requests).toBe(0);
    });
  });

  it.each<[string, Partial<KeyHost>]>([
    ['an error', { status: 500 }],
    ['a redirect', { status: 302 }],
    ['no JSON', { body: '<html>' }],
    ['an empty list', { body: '{"keys":[]}' }],
    ['no list', { body: '{"keys":{}}' }],
    [
      'more keys than an issuer has',
      { body: JSON.stringify({ keys: Array.from({ length: 101 }, (_, n) => ({ kid: `${n}` })) }) },
    ],
    ['more than 256 KiB', { body: `{"keys":[{"kid":"one","x":"${'x'.repeat(262_144)}"}]}` }],
  ])(
    'a key host that answers with %s is asked less and less often, and once a minute in the end',
    async (_, answer) => {
      const host = Object.assign(await keyHost(), answer);
      let clock = now;
      const verifier = createVerifier(host.config, { now: () => clock });
      const token = `Bearer ${await mint({ ...claims, exp: seconds + 86_400 })}`;
      for (let second = 0; second < 600; second++) {
        expect(await push(verifier, token)).toMatchObject({ step: 'keys unavailable' });
        clock += 1000;
      }
      // After 1, 2, 4 … 32 seconds, and then each minute.
      expect(host.requests).toBeGreaterThan(12);
      expect(host.requests).toBeLessThan(18);
      Object.assign(host, { status: 200, body: undefined });
      clock += 60_000;
      expect(await push(verifier, token)).toMatchObject({ ok: true });
    },
  );

  it('a key host that hangs is given up after a while, by all who wait for it at once', async () => {
    const host = await keyHost();
    const { promise, resolve } = Promise.withResolvers<void>();
    atEnd(() => resolve());
    host.before = () => promise;
    const verifier = createVerifier(host.config, { now: () => now });
    const token = `Bearer ${await mint(claims)}`;
    const verdicts = await Promise.all(Array.from({ length: 20 }, () => push(verifier, token)));
    for (const verdict of verdicts) expect(verdict).toMatchObject({ step: 'keys unavailable' });
    expect(host.requests).toBe(1);
  });

  it('a set of keys without end is read no further than it may be long', async () => {
    let sent = 0;
    const server = createServer((_, res) => {
      const piece = 'x'.repeat(65_536);
      res.writeHead(200).write('{"keys":["');
      const more = () => {
        do sent += piece.length;
        while (sent < 80_000_000 && res.write(piece));
        if (sent < 80_000_000) res.once('drain', more);
        else res.end();
      };
      more();
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    atEnd(() => server.closeAllConnections());
    atEnd(() => server.close());
    const jwksUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/certs`;
    const verifier = createVerifier({ ...options, jwksUrl }, { now: () => now });
    expect(await push(verifier, `Bearer ${await mint(claims)}`)).toMatchObject({ step: 'keys unavailable' });
    expect(sent).toBeLessThan(20_000_000);
  });

  it('lives through an outage of the key host with the keys it has, and looks for others meanwhile', async () => {
    const host = await keyHost();
    let clock = now;
    const verifier = createVerifier(host.config, { now: () => clock });
    const token = `Bearer ${await mint({ ...claims, exp: seconds + 86_400 })}`;
    expect(await push(verifier, token)).toMatchObject({ ok: true });
    host.status = 500;
    clock += 2 * 3_600_000;
    expect(await push(verifier, token)).toMatchObject({ ok: true });
    expect(await push(verifier, token)).toMatchObject({ ok: true });
  });

  it('forgets a key that Google took back', async () => {
    const host = await keyHost();
    let clock = now;
    const verifier = createVerifier(host.config, { now: () => clock });
    const token = `Bearer ${await mint({ ...claims, exp: seconds + 86_400 })}`;
    expect(await push(verifier, token)).toMatchObject({ ok: true });
    host.kids = ['two'];
    clock += 2 * 3_600_000;
    const two = `Bearer ${await mint({ ...claims, exp: seconds + 86_400 }, pair.privateKey, 'two')}`;
    await push(verifier, token);
    await eventually(async () => (await push(verifier, two)).ok);
    expect(await push(verifier, token)).toMatchObject({ step: 'keys unavailable' });
  });

  it('accepts nothing without an audience or a service account', async () => {
    const { config } = await keyHost();
    const token = `Bearer ${await mint(claims)}`;
    expect(await push(createVerifier({ ...config, audience: '' }), token)).toMatchObject({ step: 'no secret' });
    expect(await push(createVerifier({ ...config, email: '' }), token)).toMatchObject({ step: 'no secret' });
  });

  it('takes the id of the message, which the token does not cover', () => {
    const verifier = createVerifier(options);
    const identity = { ok: true, deliveryId: '2070443601311540', idIsSigned: false };
    expect(verifier.identify(post('', {}), { message: { messageId: '2070443601311540' } })).toEqual(identity);
  });
});
