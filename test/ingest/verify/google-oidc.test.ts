import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { type CryptoKey, exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose';
import type { Verify } from '../../../src/domain/verify.ts';
import { createVerifier } from '../../../src/ingest/verify/create-verifier.ts';
import type { Verifier } from '../../../src/ingest/verify/verifier.ts';
import { atEnd } from '../../support/at-end.ts';
import { eventually } from '../../support/eventually.ts';
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
}

let pair: { privateKey: CryptoKey; publicKey: CryptoKey };
let stranger: CryptoKey;

beforeAll(async () => {
  pair = await generateKeyPair('RS256', { extractable: true });
  stranger = (await generateKeyPair('RS256')).privateKey;
});

async function keyHost(): Promise<KeyHost> {
  const jwk = await exportJWK(pair.publicKey);
  const server = createServer((_, res) => {
    host.requests++;
    const keys = host.kids.map((kid) => ({ ...jwk, kid, alg: 'RS256', use: 'sig' }));
    res.writeHead(host.status, { 'content-type': 'application/json' }).end(JSON.stringify({ keys }));
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
      await mint(claims, pair.privateKey, 'unknown'),
      shared,
      `${encode({ alg: 'none' })}.${body}.`,
      `${head}.${encode({ ...claims, email: 'x' })}.${signature}`,
      `${head}.${body}.${signature.slice(0, -8)}`,
      `${head}.${body}`,
      'junk',
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

  it('fetches the keys once, and again for a key it does not know only after a while', async () => {
    const host = await keyHost();
    const verifier = createVerifier(host.config, { now: () => now });
    await Promise.all(Array.from({ length: 5 }, async () => push(verifier, `Bearer ${await mint(claims)}`)));
    for (let round = 0; round < 5; round++) {
      await push(verifier, `Bearer ${await mint(claims, pair.privateKey, `unknown ${round}`)}`);
    }
    expect(host.requests).toBe(1);
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
    expect(await push(verifier, token)).toMatchObject({ step: 'token refused' });
  });

  it('accepts nothing while it has no keys', async () => {
    const host = await keyHost();
    host.status = 500;
    const verifier = createVerifier(host.config, { now: () => now });
    expect(await push(verifier, `Bearer ${await mint(claims)}`)).toMatchObject({ step: 'keys unavailable' });
    host.status = 200;
    expect(await push(verifier, `Bearer ${await mint(claims)}`)).toMatchObject({ ok: true });
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
