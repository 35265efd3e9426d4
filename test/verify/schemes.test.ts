import { createHmac } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { describe, expect, it } from '@jest/globals';
import { catalog } from '../../src/verify/catalog.ts';
import type { Verify } from '../../src/verify/settings.ts';
import { createVerifier } from '../../src/verify/verifiers.ts';
import { post } from './signing.ts';

const schemes = catalog.map(({ name }) => name);

const secret = 'correct horse';
const now = 1_800_000_000_000;
const stamp = { id: 'msg_1', now };
const whsec = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;

function verify(config: Verify, headers: IncomingHttpHeaders, body = '{}') {
  return createVerifier(config, { now: () => now }).verify(post(body, headers));
}

describe('secrets that are presented as they stand', () => {
  const token: Verify = { scheme: 'token', header: 'X-Door-Key', secret };
  const user: Verify = { scheme: 'basic', user: 'door', secret: 'pass:wörd' };

  it.each<[string, Verify, IncomingHttpHeaders]>([
    ['a token', token, { 'x-door-key': secret }],
    ['the second of two tokens', { ...token, secret: 'x', secrets: ['y', secret] }, { 'x-door-key': secret }],
    ['a user and a password', user, { authorization: basic('door:pass:wörd') }],
    ['basic in small letters', user, { authorization: basic('door:pass:wörd').replace('Basic', 'basic') }],
    ['the token of GitLab', { scheme: 'gitlab', secret }, { 'x-gitlab-token': secret }],
  ])('accepts %s', async (_, config, headers) => {
    expect(await verify(config, headers)).toMatchObject({ ok: true });
  });

  it.each<[string, string, Verify, IncomingHttpHeaders]>([
    ['no header', 'header missing', token, {}],
    ['an empty header', 'header missing', token, { 'x-door-key': '' }],
    ['a header that came twice', 'no match', token, { 'x-door-key': `${secret}, ${secret}` }],
    ['the beginning of the token', 'no match', token, { 'x-door-key': secret.slice(0, -1) }],
    ['the token and more', 'no match', token, { 'x-door-key': `${secret}x` }],
    ['an empty token where none is set', 'no secret', { ...token, secret: '' }, { 'x-door-key': '' }],
    ['a blank token where a blank one is set', 'no secret', { ...token, secret: ' ' }, { 'x-door-key': ' ' }],
    ['another user', 'no match', user, { authorization: basic('Door:pass:wörd') }],
    ['another password', 'no match', user, { authorization: basic('door:pass') }],
    ['a password without a user', 'no match', user, { authorization: basic('pass:wörd') }],
    ['a bearer', 'malformed', user, { authorization: basic('door:pass:wörd').replace('Basic', 'Bearer') }],
    ['what is not base64', 'malformed', user, { authorization: 'Basic door:pass' }],
    ['a wrong token of GitLab', 'no match', { scheme: 'gitlab', secret }, { 'x-gitlab-token': 'x' }],
  ])('refuses %s', async (_, step, config, headers) => {
    const verdict = await verify(config, headers);
    expect(verdict).toMatchObject({ ok: false, step });
    expect(JSON.stringify(verdict)).not.toContain(secret);
    expect(JSON.stringify(verdict)).not.toContain('pass:');
  });

  it('are presented by sign as verify takes them', async () => {
    for (const config of [token, user, { scheme: 'gitlab', secret } as const]) {
      const headers = createVerifier(config).sign?.(Buffer.from(''), stamp) ?? {};
      expect(await verify(config, headers)).toMatchObject({ ok: true });
    }
  });

  it('have an id where idHeader names one', () => {
    const verifier = createVerifier({ ...token, idHeader: 'X-Id' });
    const identity = verifier.identify(post('', { 'x-id': '7' }), {});
    expect(identity).toEqual({ ok: true, deliveryId: '7', idIsSigned: false });
    expect(createVerifier(token).identify(post('', { 'x-id': '7' }), {})).toMatchObject({ deliveryId: null });
  });
});

describe('a proof that is weaker than another', () => {
  it('does not count beside a signature of GitLab, be it right or wrong', async () => {
    const headers = { 'x-gitlab-token': secret, 'webhook-signature': 'v1,AAAA' };
    expect(await verify({ scheme: 'gitlab', secret }, headers)).toMatchObject({ step: 'downgrade' });
  });

  it('is refused where GitLab signs, however right it is', async () => {
    const headers = { 'x-gitlab-token': whsec, 'webhook-id': '1', 'webhook-timestamp': String(now / 1000) };
    const detail = expect.stringMatching(/^webhook-signature is missing: set this signing token/);
    expect(await verify({ scheme: 'gitlab', secret: whsec }, headers)).toMatchObject({
      step: 'header missing',
      detail,
    });
  });

  it('is not taken for a key beside a signing token', async () => {
    const config: Verify = { scheme: 'gitlab', secrets: [whsec, 'tokenXabcd'] };
    const forged = createVerifier({ scheme: 'gitlab', secret: 'whsec_abcd' }).sign?.(Buffer.from('{}'), stamp) ?? {};
    expect(await verify(config, forged)).toMatchObject({ step: 'no match' });
  });

  it.each<[string, Verify, (good: string) => IncomingHttpHeaders]>([
    ["Stripe's v0", { scheme: 'stripe', secret }, (good) => ({ 'stripe-signature': good.replace('v1=', 'v0=') })],
    ["GitHub's sha1", { scheme: 'github', secret }, (good) => ({ 'x-hub-signature': good.replace('sha256', 'sha1') })],
    [
      "Linear's own clock",
      { scheme: 'linear', secret },
      (good) => ({ 'linear-timestamp': String(now), 'x-sig': good }),
    ],
  ])('is not accepted: %s', async (_, config, headersOf) => {
    const [good = ''] = Object.values(createVerifier(config).sign?.(Buffer.from('{}'), stamp) ?? {});
    expect(await verify(config, headersOf(good))).toMatchObject({ ok: false });
  });

  it("is not accepted in place of Twilio's body hash, nor with a body that is no form", async () => {
    const config: Verify = { scheme: 'twilio', secret, url: 'https://example.com/hooks/twilio' };
    const signed = createVerifier(config).sign?.(Buffer.from(''), stamp) ?? {};
    const json = { ...signed, 'content-type': 'application/json' };
    expect(await verify(config, json, '{"Body":"forged"}')).toMatchObject({ step: 'not covered' });
    expect(await verify(config, json, '')).toMatchObject({ ok: true });
  });
});

describe('Twilio', () => {
  const at = (url: string): Verify => ({ scheme: 'twilio', secret, url });

  it.each([
    ['https://example.com/hooks/t', 'https://example.com:443/hooks/t'],
    ['http://example.com/hooks/t', 'http://example.com:80/hooks/t'],
    ['https://example.com:8443/hooks/t', 'https://example.com/hooks/t'],
    ['https://me:pass@example.com/hooks/t', 'https://me:pass@example.com:443/hooks/t'],
  ])('may sign %s as %s', async (configured, called) => {
    const headers = createVerifier(at(called)).sign?.(Buffer.from('a=b'), stamp) ?? {};
    expect(await verify(at(configured), headers, 'a=b')).toMatchObject({ ok: true });
    const elsewhere = createVerifier(at(`${called}x`)).sign?.(Buffer.from('a=b'), stamp) ?? {};
    expect(await verify(at(configured), elsewhere, 'a=b')).toMatchObject({ step: 'no match' });
  });

  it('names its deliveries by the token of the attempt, else by message or call', () => {
    const verifier = createVerifier(at('https://example.com/hooks/t'));
    const idOf = (headers: IncomingHttpHeaders, payload: unknown) => verifier.identify(post('', headers), payload);
    const unsigned = { ok: true, idIsSigned: false };
    expect(idOf({ 'i-twilio-idempotency-token': 't' }, { MessageSid: 'SM' })).toEqual({ ...unsigned, deliveryId: 't' });
    expect(idOf({}, { MessageSid: 'SM' })).toEqual({ ...unsigned, deliveryId: 'SM' });
    expect(idOf({}, { CallSid: 'CA' })).toEqual({ ...unsigned, deliveryId: 'CA' });
    expect(idOf({}, { CallSid: 7 })).toEqual({ ...unsigned, deliveryId: null });
  });
});

describe('the id of a delivery', () => {
  const named: IncomingHttpHeaders = {
    'x-github-delivery': 'gh',
    'x-gitea-delivery': 'gt',
    'x-shopify-webhook-id': 'sh',
    'linear-delivery': 'li',
    'request-id': 'se',
    'x-hookdeck-eventid': 'hd',
    'webhook-id': 'sw',
    'idempotency-key': 'gl',
  };
  const payload = { id: 'evt', event_id: 'Ev', event: { id: 'pd' }, webhookTimestamp: now };

  it.each<[Verify, string | null, boolean]>([
    [{ scheme: 'github', secret }, 'gh', false],
    [{ scheme: 'gitea', secret }, 'gt', false],
    [{ scheme: 'shopify', secret }, 'sh', false],
    [{ scheme: 'linear', secret }, 'li', false],
    [{ scheme: 'sentry', secret }, 'se', false],
    [{ scheme: 'hookdeck', secret }, 'hd', false],
    [{ scheme: 'gitlab', secret }, 'gl', false],
    [{ scheme: 'gitlab', secret: whsec }, 'sw', true],
    [{ scheme: 'standard-webhooks', secret: whsec }, 'sw', true],
    [{ scheme: 'stripe', secret }, 'evt', true],
    [{ scheme: 'slack', secret }, 'Ev', true],
    [{ scheme: 'pagerduty', secret }, 'pd', true],
    [{ scheme: 'discord', publicKey: '' }, 'evt', true],
    [{ scheme: 'hmac', secret, header: 'X-S', idHeader: 'Request-Id' }, 'se', false],
    [{ scheme: 'hmac', secret, header: 'X-S', idHeader: 'Request-Id', signed: '{id}.{body}' }, 'se', true],
    [{ scheme: 'hmac', secret, header: 'X-S' }, null, false],
  ])('of %j is %s', (config, deliveryId, idIsSigned) => {
    const verifier = createVerifier(config, { now: () => now });
    expect(verifier.identify(post('', named), payload)).toMatchObject({ ok: true, deliveryId, idIsSigned });
  });

  it('is none where the sender gives none, or what is no text', () => {
    for (const config of [
      { scheme: 'github', secret },
      { scheme: 'stripe', secret },
    ] as const) {
      expect(createVerifier(config).identify(post('', {}), { id: { $ne: 1 } })).toMatchObject({ deliveryId: null });
    }
  });

  it('of Meta is the same for equal bodies only', () => {
    const { identify } = createVerifier({ scheme: 'meta', secret, verifyToken: 'v' });
    expect(identify(post('{"a":1}', {}), {})).toEqual(identify(post('{"a":1}', {}), {}));
    expect(identify(post('{"a":1}', {}), {})).not.toEqual(identify(post('{"a":2}', {}), {}));
  });
});

describe('an id that is signed', () => {
  it('counts as the bytes that were sent', async () => {
    const config: Verify = { scheme: 'hmac', secret, header: 'X-S', idHeader: 'X-Id', signed: '{id}.{body}' };
    const signature = createHmac('sha256', secret).update('ürgent.{}').digest('hex');
    // Node hands over the bytes of a header as latin1.
    const id = Buffer.from('ürgent').toString('latin1');
    expect(await verify(config, { 'x-s': signature, 'x-id': id })).toMatchObject({ ok: true });
    expect(await verify(config, { 'x-s': signature, 'x-id': 'urgent' })).toMatchObject({ step: 'no match' });
    expect(await verify(config, { 'x-s': signature })).toMatchObject({ step: 'header missing' });
  });
});

describe('handshakes', () => {
  it("repeat Slack's challenge", () => {
    const { handshake } = createVerifier({ scheme: 'slack', secret });
    const challenge = '<script>3eZbrw1a</script>';
    const asked = { type: 'url_verification', token: 't', challenge };
    expect(handshake(post('', {}), asked)).toEqual({ status: 200, contentType: 'text/plain', body: challenge });
    for (const other of [{ ...asked, type: 'event_callback' }, { ...asked, challenge: 1 }, null, 'x', []]) {
      expect(handshake(post('', {}), other)).toBeNull();
    }
  });

  it("answer Discord's ping with one", () => {
    const { handshake } = createVerifier({ scheme: 'discord', publicKey: '' });
    const pong = { status: 200, contentType: 'application/json', body: '{"type":1}' };
    expect(handshake(post('', {}), { type: 1 })).toEqual(pong);
    expect(handshake(post('', {}), { type: 2 })).toBeNull();
  });

  const meta = createVerifier({ scheme: 'meta', secret, verifyToken: 'ours' });
  const get = (search: string) => ({ ...post('', {}, search), method: 'GET' });

  it("repeat Meta's challenge for the verify token alone", async () => {
    const asked = get('?hub.mode=subscribe&hub.verify_token=ours&hub.challenge=1158201444');
    expect(await meta.verify(asked)).toMatchObject({ ok: true });
    expect(meta.handshake(asked, {})).toEqual({ status: 200, contentType: 'text/plain', body: '1158201444' });
    expect(meta.handshake(post('{}', {}, asked.search), {})).toBeNull();
  });

  it.each([
    ['?hub.mode=subscribe&hub.verify_token=theirs&hub.challenge=1', 'no match'],
    ['?hub.mode=subscribe&hub.challenge=1', 'header missing'],
    ['?hub.mode=subscribe&hub.verify_token=&hub.challenge=1', 'no match'],
    ['?hub.mode=unsubscribe&hub.verify_token=ours&hub.challenge=1', 'malformed'],
    ['?hub.mode=subscribe&hub.verify_token=ours', 'malformed'],
    ['', 'header missing'],
  ])("are refused to Meta's %s", async (search, step) => {
    const verdict = await meta.verify(get(search));
    expect(verdict).toMatchObject({ step });
    expect(JSON.stringify(verdict)).not.toContain('ours');
  });

  it('are no way to post without a signature', async () => {
    const search = '?hub.mode=subscribe&hub.verify_token=ours&hub.challenge=1';
    expect(await meta.verify(post('{}', {}, search))).toMatchObject({ step: 'header missing' });
    const open = createVerifier({ scheme: 'meta', secret });
    expect(await open.verify(get('?hub.mode=subscribe&hub.verify_token=&hub.challenge=1'))).toMatchObject({
      ok: false,
    });
  });
});

describe('every scheme', () => {
  const full = { secret, header: 'X-Key', user: 'u', url: 'https://example.com/t', publicKey: '' };

  it.each(schemes)(
    'refuses a request that proves nothing, says why, and names what must not travel on: %s',
    async (scheme) => {
      const verifier = createVerifier({ scheme, ...full, audience: 'a', email: 'e', verifyToken: 'v' });
      const verdict = await verifier.verify(post('{}', {}));
      expect(verdict).toMatchObject({
        ok: false,
        detail: expect.stringMatching(/^[a-z0-9-]+ is missing: |^no usable/),
      });
      expect(verifier.credentials.headers).not.toEqual([]);
      expect(verifier.credentials.headers).toEqual(verifier.credentials.headers.map((name) => name.toLowerCase()));
      expect(verifier.methods).toEqual(scheme === 'meta' ? ['POST', 'GET'] : ['POST']);
      expect(verifier.handshake(post('{}', {}), {})).toBeNull();
    },
  );

  it('tells the owner what to do', async () => {
    expect(await verify({ scheme: 'github', secret }, {})).toMatchObject({
      detail: "x-hub-signature-256 is missing: set a secret in GitHub's webhook settings",
    });
    const good = createVerifier({ scheme: 'stripe', secret: 'other' }).sign?.(Buffer.from('{}'), stamp) ?? {};
    expect(await verify({ scheme: 'stripe', secret }, good)).toMatchObject({
      detail: expect.stringMatching(
        /^no configured secret matches the signature: compare it with the endpoint's signing/,
      ),
    });
    const old = createVerifier({ scheme: 'slack', secret }).sign?.(Buffer.from('{}'), { id: '', now: now - 412_000 });
    expect(await verify({ scheme: 'slack', secret }, old ?? {})).toMatchObject({
      detail: expect.stringMatching(/^clock off by 412 s: x-slack-request-timestamp is 412 s old \(tolerance 300 s\)/),
    });
  });

  it('makes a sample that seems to have happened now', () => {
    const fresh = (config: Verify, payload: unknown) => createVerifier(config).restamp(payload, stamp);
    expect(fresh({ scheme: 'linear', secret }, { a: 1, webhookTimestamp: 5 })).toEqual({ a: 1, webhookTimestamp: now });
    expect(fresh({ scheme: 'pagerduty', secret }, { event: { id: 'x', b: 2 } })).toEqual({
      event: { id: 'msg_1', b: 2 },
    });
    expect(fresh({ scheme: 'stripe', secret }, { object: 'event' })).toEqual({ object: 'event' });
    expect(fresh({ scheme: 'github', secret }, { id: 'x' })).toEqual({ id: 'x' });
  });
});
