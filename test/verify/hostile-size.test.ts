import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { catalog } from '../../src/verify/catalog.ts';
import type { Verify } from '../../src/verify/settings.ts';
import type { SignedRequest, Verifier } from '../../src/verify/verifier.ts';
import { createVerifier } from '../../src/verify/verifiers.ts';
import { atEnd } from '../support/at-end.ts';
import { post, publicKeyBase64, publicKeyHex } from './signing.ts';

const schemes = catalog.map(({ name }) => name);

const keys = createServer((_, res) => res.end('{"keys":[]}')).listen(0, '127.0.0.1');
await once(keys, 'listening');
atEnd(() => keys.closeAllConnections());
atEnd(() => keys.close());

const secret = 'correct horse battery staple';
const whsec = `whsec_${Buffer.from(secret).toString('base64')}`;
const special: Partial<Record<Verify['scheme'], { [option in keyof Verify]?: Verify[option] | undefined }>> = {
  'standard-webhooks': { secret: whsec },
  hmac: { header: 'x-sig', prefix: 'sha256=', signed: '{timestamp}.{body}', timestampHeader: 'x-time' },
  token: { header: 'x-key' },
  basic: { user: 'shop' },
  twilio: { url: 'https://hooks.example.com/hooks/twilio' },
  discord: { secret: undefined, publicKey: publicKeyHex },
  meta: { verifyToken: secret },
  'google-oidc': {
    secret: undefined,
    audience: 'https://hooks.example.com',
    email: 'a@example.com',
    jwksUrl: `http://127.0.0.1:${(keys.address() as AddressInfo).port}/`,
  },
};
const configs: readonly Verify[] = [
  ...schemes.map((scheme) => ({ scheme, secret, ...special[scheme] })),
  { scheme: 'gitlab', secret: whsec },
  { scheme: 'standard-webhooks', secret: `whpk_${publicKeyBase64}` },
].map((config) => Object.fromEntries(Object.entries(config).filter(([, value]) => value !== undefined)) as Verify);

const bodySize = 200_000;
/** More than the gateway lets through, so that growth shows. */
const headerSize = 50_000;
const fill = (piece: string, size = headerSize) => piece.repeat(Math.ceil(size / piece.length)).slice(0, size);
const jwt = (head: string) =>
  `${Buffer.from(head).toString('base64url')}.${Buffer.from('{}').toString('base64url')}.AA`;

const bodies: Record<string, string> = {
  'many fields': Array.from({ length: bodySize / 8 }, (_, n) => `${n}=`)
    .join('&')
    .slice(0, bodySize),
  'one field with many values': fill('a=&', bodySize),
  'many distinct values of one field': Array.from({ length: bodySize / 8 }, (_, n) => `a=${n}`).join('&'),
  'long names that begin alike': Array.from({ length: 100 }, (_, n) => `${'x'.repeat(4000)}${n}=`).join('&'),
  'nothing but ampersands': fill('&', bodySize),
  'nested lists': fill('[', bodySize),
};
const signature = `v1a,${Buffer.alloc(64, 1).toString('base64')} `;
/** What may stand in a header that proves somebody. */
const values: readonly string[] = [
  fill(','),
  fill(' '),
  fill(' ,'),
  fill('='),
  fill('a,'),
  fill('a '),
  `${fill('=')}x`,
  `${fill(' ')}x y`,
  `bearer${fill(' ')}`,
  `bearer${fill(' ')}x y`,
  `basic${fill(' ')}`,
  `basic ${fill('A')}=x`,
  `basic ${fill('QUJD')}`,
  `Bearer ${fill('.')}`,
  `Bearer ${fill('a.')}`,
  `Bearer ${jwt(`{"alg":"RS256","kid":"${fill('k', 30_000)}"}`)}`,
  `Bearer ${jwt(fill('[', 50_000))}`,
  `Bearer ${jwt(`{"alg":"RS256","crit":[${fill('"b64",', 50_000)}"x"]}`)}`,
  fill('sha256=ab,'),
  fill('v1=ab,'),
  fill('t=1,'),
  `t=${fill('1')},v1=ab`,
  fill('v1,ab '),
  fill('v1a,ab '),
  // Many signatures of the right shape.
  fill(signature),
  fill(`v1,${Buffer.alloc(32, 1).toString('base64')} `),
  fill(`sha256=${'ab'.repeat(32)},`),
  Buffer.alloc(64, 1).toString('hex'),
  Buffer.alloc(20, 1).toString('base64'),
];

/** Every request with these sizes that has something in each header that the scheme looks at. */
function* hostileRequests(verifier: Verifier): Generator<[string, SignedRequest]> {
  const headersOf = (value: string) => ({
    ...Object.fromEntries(verifier.credentials.headers.map((name) => [name, value])),
    'content-type': 'application/x-www-form-urlencoded',
    'webhook-id': 'msg_1',
    'webhook-timestamp': String(Math.floor(Date.now() / 1000)),
    'x-signature-timestamp': String(Math.floor(Date.now() / 1000)),
    'x-slack-request-timestamp': String(Math.floor(Date.now() / 1000)),
    'x-time': String(Math.floor(Date.now() / 1000)),
  });
  for (const [name, body] of Object.entries(bodies)) {
    yield [name, post(body, headersOf(values.at(-1) ?? ''))];
    yield [name, post(body, headersOf(values.at(-2) ?? ''))];
    yield [`${name}, some signatures`, post(body, headersOf(fill(signature, signature.length * 8)))];
  }
  for (const value of values) yield [value.slice(0, 30), post('{}', headersOf(value))];
  yield ['a long clock', post('{}', { ...headersOf('v1=ab'), 'webhook-timestamp': fill('1'), 'x-time': fill('1') })];
  yield ['a long query', post('{}', headersOf(values.at(-1) ?? ''), `?${fill('a=b&')}bodySHA256=${fill('a')}`)];
}

/** The quickest of a few goes, in ms; one that is quick enough ends them. */
async function timeOf(work: () => unknown, enough = 0): Promise<number> {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 5 && best > enough; round++) {
    const began = performance.now();
    await work();
    best = Math.min(best, performance.now() - began);
  }
  return best;
}

describe('what nobody has signed', () => {
  const text = bodies['many distinct values of one field'] ?? '';

  it.each(configs.map((config) => [`${config.scheme} ${config.secret?.slice(0, 5) ?? ''}`, config] as const))(
    'costs no more than to read it a few times, however it is made: %s',
    async (_, config) => {
      const verifier = createVerifier(config);
      const toRead = await timeOf(() => [...new URLSearchParams(text)].length);
      const slow: string[] = [];
      for (const [name, request] of hostileRequests(verifier)) {
        const took = await timeOf(async () => expect((await verifier.verify(request)).ok).toBe(false), toRead * 10);
        if (took > toRead * 10) slow.push(`${name}: ${took.toFixed(1)} ms, ${(took / toRead).toFixed(1)} times`);
      }
      expect(slow).toEqual([]);
    },
  );
});
