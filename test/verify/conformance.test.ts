import { hash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { secretsOf } from '../../src/verify/options.ts';
import type { Verify } from '../../src/verify/settings.ts';
import type { ProofStep, SignedRequest, Verdict, Verifier } from '../../src/verify/verifier.ts';
import { createVerifier } from '../../src/verify/verifiers.ts';
import { type Signed, signedSchemes } from './signing.ts';

// Not a whole second: senders that count in seconds round down.
const now = 1_800_000_000_999;
const stamp = { id: 'msg_1', now };

describe.each(signedSchemes)('$name', (scheme) => {
  const { config, other, header, prefix, encoding, separator = ',' } = scheme;
  const body = scheme.body(now);
  const good = scheme.request(body, stamp);
  const verifier = createVerifier(config, { now: () => now });

  /** The good request with another value of the signature header, made from the signature proper. */
  function withSignature(change: (signature: string, whole: string) => string): SignedRequest {
    const whole = String(good.headers[header]);
    const start = prefix === '' ? 0 : whole.lastIndexOf(prefix) + prefix.length;
    return withHeader(header, whole.slice(0, start - prefix.length) + change(whole.slice(start), whole));
  }
  function withHeader(name: string, value: string | undefined): SignedRequest {
    return { ...good, headers: { ...good.headers, [name]: value } };
  }
  async function expectRefusal(request: SignedRequest, ...steps: ProofStep[]): Promise<void> {
    const verdict = await judge(verifier, request);
    expect(verdict.ok ? 'accepted' : verdict.step).toBe(
      steps.find((step) => !verdict.ok && step === verdict.step) ?? steps[0],
    );
    expectSilence(verdict, scheme);
  }

  it('accepts what its sender signed', async () => {
    expect(await judge(verifier, good)).toMatchObject({ ok: true });
  });

  it('refuses a body with one byte changed, at every place', async () => {
    for (let index = 0; index < good.rawBody.length; index++) {
      const rawBody = Buffer.from(good.rawBody);
      rawBody[index] = (rawBody[index] ?? 0) ^ 1;
      expect(await verifier.verify({ ...good, rawBody })).toMatchObject({ ok: false });
    }
  });

  it('refuses a signature with one character changed, at every place', async () => {
    let length = 0;
    withSignature((text) => {
      length = text.length;
      return text;
    });
    for (let index = 0; index < length; index++) {
      await expectRefusal(
        withSignature((text) => prefix + replaceAt(text, index)),
        'no match',
        'malformed',
      );
    }
  });

  it('refuses what another secret signed', async () => {
    expect(await createVerifier(other, { now: () => now }).verify(good)).toMatchObject({ ok: false });
  });

  it('refuses a request without its signature, and one with an empty signature', async () => {
    await expectRefusal(withHeader(header, undefined), 'header missing');
    await expectRefusal(withHeader(header, ''), 'header missing');
  });

  it('refuses a signature header that came twice unless one of its signatures is good', async () => {
    const bad = withSignature((text) => prefix + replaceAt(text, 0)).headers[header];
    await expectRefusal(withHeader(header, `${bad}, ${bad}`), 'no match', 'malformed');
    const twice = withHeader(header, `${good.headers[header]}, ${good.headers[header]}`);
    expect((await verifier.verify(twice)).ok).toBe(scheme.twice === undefined);
  });

  it('refuses a truncated signature, a longer one, and one that is written wrongly', async () => {
    await expectRefusal(
      withSignature((text) => prefix + text.slice(0, -4)),
      'malformed',
    );
    await expectRefusal(
      withSignature((text) => `${prefix}${text}00`),
      'malformed',
    );
    await expectRefusal(
      withSignature((text) => `${prefix}!${text.slice(1)}`),
      'malformed',
    );
    await expectRefusal(
      withSignature((text) => `${prefix}${text.slice(0, 5)} ${text.slice(5)}`),
      'malformed',
    );
    await expectRefusal(
      withSignature(() => `${prefix}☠`),
      'malformed',
    );
    await expectRefusal(
      withSignature(() => prefix),
      'malformed',
      'header missing',
    );
  });

  it('refuses a wrong prefix', async () => {
    await expectRefusal(
      withSignature((text) => `sha1=${text}`),
      'malformed',
      'header missing',
    );
    await expectRefusal(
      withSignature((text) => `v0${separator === ' ' ? ',' : ':'}${text}`),
      'malformed',
    );
  });

  it('takes hex in upper case, and base64 without padding', async () => {
    const rewritten = withSignature(
      (text) => prefix + (encoding === 'hex' ? text.toUpperCase() : text.replace(/=+$/, '')),
    );
    expect(await verifier.verify(rewritten)).toMatchObject({ ok: true });
  });

  it('refuses everything where no secret is set, or only a blank one', async () => {
    const { secret: _, publicKey: __, ...none } = config;
    const key = config.scheme === 'discord' ? 'publicKey' : 'secret';
    for (const without of [none, { ...none, [key]: '' }, { ...none, [key]: ' ' }, { ...none, secrets: ['', ' '] }]) {
      expect(await createVerifier(without, { now: () => now }).verify(good)).toMatchObject({ step: 'no secret' });
    }
  });

  it('takes any body, byte for byte', async () => {
    const bodies = [
      '',
      'x'.repeat(262_144),
      '{"a":1.0,"b":"\\u00e9"}\n',
      Buffer.from('7b2278223a22fffe227d', 'hex'),
      'payload=%7B%7D',
    ];
    for (const bytes of scheme.name === 'twilio with a form'
      ? ['', 'a=b&a=c&B=%20', `a=${'x'.repeat(262_142)}`]
      : bodies) {
      const request = scheme.request(bytes, stamp);
      const typed = {
        ...request,
        headers: { ...request.headers, 'content-type': 'application/x-www-form-urlencoded' },
      };
      expect(await verifier.verify(typed)).toMatchObject({ ok: true });
      expect(
        await verifier.verify({ ...typed, rawBody: Buffer.concat([request.rawBody, Buffer.from('\n')]) }),
      ).toMatchObject({ ok: false });
    }
  });

  it('names who signed: the same in every process, another for another secret, and nothing of the secret', async () => {
    const signerIn = async (by: Verify) => {
      const verdict = await createVerifier(by, { now: () => now }).verify(good);
      return verdict.ok ? verdict.signer : 'refused';
    };
    const signer = await signerIn(config);
    expect(signer).toMatch(/^[0-9a-f]{16}$/);
    expect(await signerIn({ ...config })).toBe(signer);
    if (config.scheme === 'discord') return;
    const { secret: mine = '', ...rest } = config;
    expect(await signerIn({ ...rest, secrets: [other.secret ?? '', mine] })).toBe(signer);
  });

  it('gives the same delivery the same id in each attempt', () => {
    const payload = { id: 'e', event_id: 'e', event: { id: 'e' }, MessageSid: 'e', webhookTimestamp: now };
    const later = scheme.request(body, { ...stamp, now: now + 1000 });
    const first = verifier.identify(good, payload);
    expect(first).toMatchObject({ ok: true });
    expect(verifier.identify(later, payload)).toEqual(first);
  });

  if (config.scheme !== 'discord') {
    it('takes the second of two secrets, and refuses when neither is right', async () => {
      const [mine, another] = [secretsOf(config)[0] ?? '', secretsOf(other)[0] ?? ''];
      const { secret: _, ...rest } = config;
      expect(
        await createVerifier({ ...rest, secrets: [another, mine] }, { now: () => now }).verify(good),
      ).toMatchObject({
        ok: true,
      });
      expect(
        await createVerifier({ ...rest, secrets: [another, another] }, { now: () => now }).verify(good),
      ).toMatchObject({ ok: false });
    });
  }

  if (config.scheme !== 'twilio') {
    it('takes any of several signatures, the good one last', async () => {
      const several = (count: number) =>
        withSignature((text) =>
          [...Array(count).fill(replaceAt(text, 0)), text].map((one) => prefix + one).join(separator),
        );
      expect(await verifier.verify(several(5))).toMatchObject({ ok: true });
      await expectRefusal(several(20), 'malformed');
    });
  }

  if (scheme.toleranceSeconds !== undefined) {
    const { toleranceSeconds } = scheme;
    const at = (seconds: number) =>
      judge(verifier, scheme.request(scheme.body(now + seconds * 1000), { ...stamp, now: now + seconds * 1000 }));

    it('takes a timestamp up to the tolerance, in both directions, and not a second more', async () => {
      expect(await at(-toleranceSeconds)).toMatchObject({ ok: true });
      expect(await at(toleranceSeconds)).toMatchObject({ ok: true });
      for (const seconds of [-toleranceSeconds - 1, toleranceSeconds + 1]) {
        const detail = expect.stringContaining(`clock off by ${toleranceSeconds + 1} s`);
        expect(await at(seconds)).toMatchObject({ step: 'clock', detail });
      }
    });

    it('has the tolerance that is configured', async () => {
      const strict = createVerifier({ ...config, toleranceSeconds: 0 }, { now: () => now + 1000 });
      expect(await judge(strict, good)).toMatchObject({ step: 'clock' });
      expect(
        await judge(createVerifier({ ...config, toleranceSeconds: 1 }, { now: () => now + 1000 }), good),
      ).toMatchObject({
        ok: true,
      });
    });

    it('refuses a timestamp in another unit', async () => {
      const factor = scheme.name === 'linear' ? 1 / 1000 : 1000;
      expect(
        await judge(
          verifier,
          scheme.request(scheme.body(Math.floor(now * factor)), { ...stamp, now: Math.floor(now * factor) }),
        ),
      ).toMatchObject({ step: 'clock' });
    });

    it('refuses a timestamp that is missing or no number', async () => {
      for (const text of [
        undefined,
        '',
        'soon',
        '1e9',
        '-1',
        '+1800000000',
        '1800000000 0',
        '1800000000junk',
        '0x6b49d200',
      ]) {
        const request = scheme.timestampHeader
          ? withHeader(scheme.timestampHeader, text)
          : scheme.name === 'linear'
            ? scheme.request(JSON.stringify({ webhookTimestamp: text }), stamp)
            : withHeader(
                header,
                String(good.headers[header]).replace(/^t=\d+,/, text === undefined ? '' : `t=${text},`),
              );
        const verdict = await judge(verifier, request);
        expect(verdict).toMatchObject({
          ok: false,
          step: expect.stringMatching(/^(header missing|malformed|no match)$/),
        });
      }
    });
  }
});

describe('signing', () => {
  const stretch = (text: string, length: number) =>
    Buffer.concat(
      Array.from({ length: Math.ceil(length / 64) }, (_, index) => hash('sha512', `${text}${index}`, 'buffer')),
    ).subarray(0, length);

  it.each(signedSchemes.filter(({ config }) => createVerifier(config).sign))(
    'round-trips for any key and body: $name',
    async ({ config, name }) => {
      if (name === 'twilio with a body hash') return;
      for (let round = 0; round < 50; round++) {
        const bytes = stretch(`key ${round}`, 24 + round);
        const plain = config.scheme === 'hmac' ? bytes.toString('hex') : bytes.toString('base64');
        const secret = config.scheme === 'gitlab' || config.scheme === 'standard-webhooks' ? `whsec_${plain}` : plain;
        const verifier = createVerifier({ ...config, secret }, { now: () => now });
        const rawBody = stretch(`body ${round}`, round * 37);
        const headers = verifier.sign?.(rawBody, { id: `id ${round}`, now }) ?? {};
        expect(await verifier.verify({ method: 'POST', headers, query: {}, search: '', rawBody })).toMatchObject({
          ok: true,
        });
      }
    },
  );
});

/** Both stages of a proof, as the gateway goes through them. */
async function judge(verifier: Verifier, request: SignedRequest): Promise<Verdict> {
  const verdict = await verifier.verify(request);
  if (!verdict.ok) return verdict;
  let payload: unknown = {};
  if (request.rawBody[0] === 0x7b) payload = JSON.parse(request.rawBody.toString());
  const identity = verifier.identify(request, payload);
  return identity.ok ? verdict : identity;
}

/** What the owner reads holds no secret, no signature and no hash that would help to make one. */
function expectSilence(verdict: Verdict, { config, header, request, body }: Signed): void {
  const detail = verdict.ok ? '' : verdict.detail;
  const presented = String(request(body(now), stamp).headers[header]);
  for (const secret of [...secretsOf(config), presented, presented.slice(-16)]) expect(detail).not.toContain(secret);
  expect(detail).not.toMatch(/[0-9a-f]{16}|[A-Za-z0-9+/]{27}=/);
}

function replaceAt(text: string, index: number): string {
  const now = text[index];
  return text.slice(0, index) + (now === '0' ? '1' : '0') + text.slice(index + 1);
}
