import { describe, expect, it } from '@jest/globals';
import { judgeHead } from '../../src/verify/judge-head.ts';
import { createSealedVerifier, createVerifier } from '../../src/verify/verifiers.ts';
import { signedSchemes } from './signing.ts';

const now = 1_800_000_000_999;
const stamp = { id: 'msg_1', now };

describe.each(signedSchemes)('before the body has come, $name', (scheme) => {
  const { rawBody, ...head } = scheme.request(scheme.body(now), stamp);
  const verifier = createVerifier(scheme.config, { now: () => now });
  const withHeader = (value: string | undefined) => ({ ...head, headers: { ...head.headers, [scheme.header]: value } });

  it('leaves what its sender signed to the body', async () => {
    expect(await judgeHead(verifier, head)).toBeNull();
    expect(await verifier.verify({ ...head, rawBody })).toMatchObject({ ok: true });
  });

  it.each([
    ['missing', undefined],
    ['empty', ''],
    ['misshapen', 'what is this?'],
  ])('refuses a signature that is %s', async (_, value) => {
    expect(await judgeHead(verifier, withHeader(value))).toMatchObject({ ok: false });
  });

  it('refuses everything without a secret', async () => {
    const { secret, secrets, publicKey, ...bare } = scheme.config;
    expect(await judgeHead(createVerifier({ ...bare }, { now: () => now }), head)).toMatchObject({ ok: false });
  });
});

describe('a proof that is no proof of the body', () => {
  const verifier = createVerifier({ scheme: 'token', header: 'X-Key', secret: 'right-key' });
  const head = (key: string) => ({ method: 'POST', headers: { 'x-key': key }, query: {}, search: '' });

  it('is judged before the body has come', async () => {
    expect(await judgeHead(verifier, head('right-key'))).toMatchObject({ ok: true });
    expect(await judgeHead(verifier, head('wrong-key'))).toMatchObject({ ok: false, step: 'no match' });
  });

  it('is refused before the body has come where its mapping does not load', async () => {
    expect(await judgeHead(createSealedVerifier('why'), head('x'))).toMatchObject({ ok: false, step: 'does not load' });
  });
});
