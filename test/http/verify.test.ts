import { createHmac } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { beforeEach, describe, expect, it } from '@jest/globals';
import type { Verify } from '../../src/verify/settings.ts';
import { createVerifier } from '../../src/verify/verifiers.ts';
import { hookToken } from '../support/gateway.ts';
import { tempGateway } from '../support/temp-gateway.ts';
import { publicKeyHex, signEd25519 } from '../verify/signing.ts';

const secret = 'correct horse battery staple';
const slack: Verify = { scheme: 'slack', secret };
const linear: Verify = { scheme: 'linear', secret };
const door: Verify = { scheme: 'token', header: 'X-Door-Key', secret: 'door-key-of-the-test' };

const mapping = (name: string, verify?: Verify, more: object = {}) => ({
  id: name,
  match: { path: name },
  messageTemplate: 'Say {{text}} {{headers}} {{query}}',
  deliver: false,
  ...(verify && { verify }),
  ...more,
});
const gateway = await tempGateway({
  hooks: {
    presets: ['github'],
    github: { verify: { scheme: 'github', secrets: ['the old one', secret] }, deliver: false },
    mappings: [
      mapping('plain'),
      mapping('slack', slack),
      mapping('linear', linear),
      mapping('discord', { scheme: 'discord', publicKey: publicKeyHex }),
      mapping('meta', { scheme: 'meta', secret, verifyToken: 'verify-token-of-the-test' }),
      mapping('door', door),
      mapping('small', { scheme: 'github', secret }, { maxBodyBytes: 20 }),
      mapping('both', { scheme: 'github', secret }, { id: 'signed', match: { path: 'both' } }),
      mapping('both', undefined, { id: 'by-token', match: { path: 'both' } }),
      mapping('offline', {
        scheme: 'google-oidc',
        audience: 'a',
        email: 'e',
        // Nobody listens there.
        jwksUrl: 'http://127.0.0.1:9/certs',
      }),
    ],
  },
});

const token = { Authorization: `Bearer ${hookToken}` };
const push = { 'X-GitHub-Event': 'push' };
const github = (body: string, key = secret) => ({
  'X-Hub-Signature-256': `sha256=${createHmac('sha256', key).update(body).digest('hex')}`,
});
const sign = (verify: Verify, body: string, now = Date.now()) =>
  createVerifier(verify).sign?.(Buffer.from(body), { id: 'delivery-1', now }) ?? {};

function freshLinear(): [headers: Record<string, string>, body: string] {
  const body = JSON.stringify({ webhookTimestamp: Date.now() });
  return [sign(linear, body), body];
}

async function call(hook: string, headers: Record<string, string> = {}, body?: string, method = 'POST') {
  const response = await fetch(`${gateway.url}/hooks/${hook}`, {
    method,
    headers,
    ...(body !== undefined && { body }),
  });
  return { status: response.status, headers: response.headers, body: await response.text() };
}
const events = async () => (await gateway.api('GET', '/events?limit=100')).body.events;
const refused = async () => (await gateway.api('GET', '/refused')).body.refused;
const eventOf = async (answer: { body: string }) =>
  (await gateway.api('GET', `/events/${JSON.parse(answer.body).eventId}`)).body.event;
const pushBody = JSON.stringify({ ref: 'refs/heads/main', deleted: false, repository: { full_name: 'ada/engine' } });

// A good token clears the failures of the tests before.
beforeEach(() => gateway.get('runs/stats'));

describe('a hook that asks for a signature', () => {
  it.each([secret, 'the old one'])('takes a call signed with any of its secrets and no token', async (key) => {
    const answer = await call('github', { ...push, ...github(pushBody, key) }, pushBody);
    expect(answer.status).toBe(202);
    expect(await eventOf(answer)).toMatchObject({ hook: 'github', mapping: 'github:push', outcome: 'accepted' });
  });

  it.each([
    ['nothing', {}],
    ['the hook token', token],
    ['the signature of another body', github('other')],
    ['another secret', github(pushBody, 'wrong')],
    ['the hook token and a bad signature', { ...token, ...github('other') }],
    [
      'the sha1 signature alone',
      { 'X-Hub-Signature': `sha1=${createHmac('sha1', secret).update(pushBody).digest('hex')}` },
    ],
  ])('refuses %s and says no more than to anybody', async (_, headers) => {
    const before = (await events()).length;
    const answer = await call('github', { ...push, ...headers }, pushBody);
    expect(answer).toMatchObject({ status: 401, body: '{"ok":false,"error":"unauthorized","code":"unauthorized"}' });
    const byToken = await call('plain', {}, '{}');
    const shown = ({ headers }: typeof answer) => [...headers].filter(([name]) => name !== 'date');
    expect(shown(answer)).toEqual(shown(byToken));
    expect(await events()).toHaveLength(before);
  });

  it('has proved an event for good: a replay asks for no proof', async () => {
    const { eventId } = JSON.parse((await call('linear', ...freshLinear())).body);
    const { body } = await gateway.api('POST', `/events/${eventId}/replay`);
    expect(body).toMatchObject({ ok: true, outcome: 'accepted', status: 202 });
  });

  it('takes the bytes as they came, and reads them after the proof', async () => {
    const odd = '{"a":1.0,"b":"\\u00e9"}\n';
    expect((await call('slack', sign(slack, odd), odd)).status).toBe(202);
    expect((await call('github', { ...push, ...github('{') }, '{')).status).toBe(400);
    expect((await call('github', push, '{')).status).toBe(401);
  });

  it('reads the form that GitHub can be set to send, at once and when the run begins', async () => {
    const form = new URLSearchParams({
      payload: JSON.stringify({ ...JSON.parse(pushBody), text: 'from a form' }),
    }).toString();
    const type = { 'Content-Type': 'application/x-www-form-urlencoded' };
    const answer = await call('github', { ...push, ...type, ...github(form) }, form);
    expect(answer.status).toBe(202);
    const run = await gateway.ended(JSON.parse(answer.body).runId);
    expect(run).toMatchObject({ status: 'completed', prompt: expect.stringContaining('ada/engine') });
  });

  it('refuses other methods before all else, and too large bodies before the proof, where there may be one', async () => {
    const get = await call('github', {}, undefined, 'GET');
    expect([get.status, get.headers.get('allow')]).toEqual([405, 'POST']);
    const put = await call('meta', {}, '{}', 'PUT');
    expect([put.status, put.headers.get('allow')]).toEqual([405, 'POST, GET']);
    expect((await call('small', github('x'), 'x'.repeat(21))).status).toBe(413);
    expect((await call('small', github('x'), 'x'.repeat(20))).status).toBe(401);
    expect((await call('small', {}, 'x'.repeat(21))).status).toBe(401);
  });

  it('refuses a signed payload that says it is old', async () => {
    expect((await call('linear', ...freshLinear())).status).toBe(202);
    const old = JSON.stringify({ webhookTimestamp: Date.now() - 61_000 });
    expect((await call('linear', sign(linear, old), old)).status).toBe(401);
    expect((await refused())[0]).toMatchObject({ hook: 'linear', step: 'clock' });
  });
});

describe('a hook with mappings of both kinds', () => {
  it('lets each caller reach those that its proof is for', async () => {
    const signed = await call('both', github('{}'), '{}');
    expect(await eventOf(signed)).toMatchObject({ mapping: 'signed' });
    const byToken = await call('both', token, '{}');
    expect(await eventOf(byToken)).toMatchObject({ mapping: 'by-token' });
    const wrong = await call('both', { Authorization: 'Bearer wrong', ...github('x') }, '{}');
    expect(wrong.status).toBe(401);
    expect((await refused())[0]).toMatchObject({
      step: 'no match',
      detail: expect.stringContaining('; or: the token that came'),
    });
  });
});

describe('a handshake', () => {
  const handshakes = async () => (await events()).filter((event: { outcome: string }) => event.outcome === 'handshake');

  it('of Slack is answered with its challenge, recorded, and makes no run', async () => {
    const body = JSON.stringify({ type: 'url_verification', challenge: 'c-1' });
    const runsBefore = (await gateway.get('runs')).body.total;
    const answer = await call('slack', sign(slack, body), body);
    expect(answer).toMatchObject({ status: 200, body: 'c-1' });
    expect(answer.headers.get('content-type')).toMatch(/^text\/plain/);
    expect((await handshakes())[0]).toMatchObject({ hook: 'slack', mapping: 'slack', answer: 'c-1' });
    expect((await gateway.get('runs')).body.total).toBe(runsBefore);
    expect((await gateway.api('GET', '/events?outcome=handshake')).body.events).toHaveLength(
      (await handshakes()).length,
    );

    const before = (await handshakes()).length;
    expect((await call('slack', {}, body)).status).toBe(401);
    expect(await handshakes()).toHaveLength(before);
  });

  it('of Discord is a ping', async () => {
    const timestamp = String(Math.floor(Date.now() / 1000));
    const signature = signEd25519(Buffer.from(`${timestamp}{"type":1}`)).toString('hex');
    const headers = { 'X-Signature-Ed25519': signature, 'X-Signature-Timestamp': timestamp };
    expect(await call('discord', headers, '{"type":1}')).toMatchObject({ status: 200, body: '{"type":1}' });
    expect((await handshakes())[0]).toMatchObject({ hook: 'discord', answer: { type: 1 } });
  });

  it('of Meta is a GET with its verify token, which is not kept', async () => {
    const ask = (verifyToken: string) =>
      call(`meta?hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=${verifyToken}`, token, undefined, 'GET');
    expect((await ask('wrong')).status).toBe(401);
    expect(await ask('verify-token-of-the-test')).toMatchObject({ status: 200, body: '1158201444' });
    const [{ eventId }] = await handshakes();
    const { event } = (await gateway.api('GET', `/events/${eventId}`)).body;
    expect(event.query).toEqual({ 'hub.mode': 'subscribe', 'hub.challenge': '1158201444' });
    expect((await call('meta', github('{}'), '{}')).status).toBe(202);
  });
});

describe('what was refused', () => {
  it('is told to the owner with how to mend it, in the log as well, and not stored', async () => {
    await call('github', { ...push, ...github('other') }, pushBody);
    await call('plain', { Authorization: 'Bearer wrong' }, '{}');
    await call('plain', {}, '{}');
    const [missing, wrong, signature] = await refused();
    expect(signature).toEqual({
      time: expect.any(Number),
      hook: 'github',
      method: 'POST',
      path: '/hooks/github',
      type: 'text/plain;charset=UTF-8',
      address: '127.0.0.1',
      body: pushBody,
      status: 401,
      step: 'no match',
      detail: expect.stringContaining("compare it with the secret in GitHub's webhook settings"),
    });
    expect(wrong).toMatchObject({
      hook: 'plain',
      step: 'token',
      detail: expect.stringContaining('is not hooks.token'),
    });
    expect(missing).toMatchObject({
      hook: 'plain',
      step: 'token',
      detail: expect.stringContaining('no hook token came'),
    });
    const logged = gateway.logs.filter((line) => line.msg === 'request refused').slice(-3);
    expect(logged).toMatchObject([
      { level: 40, hook: 'github', step: 'no match' },
      { step: 'token' },
      { step: 'token' },
    ]);
    expect(JSON.stringify(logged)).not.toMatch(/127\.0\.0\.1|::1/);
  });

  it('is not counted where the gateway itself could not check it', async () => {
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const jwt = `${part({ alg: 'RS256', kid: 'k' })}.${part({ aud: 'a', email: 'e', email_verified: true, exp: 9e9, iss: 'https://accounts.google.com' })}.AAAA`;
    for (let n = 0; n < 21; n += 1) {
      const answer = await call('offline', { Authorization: `Bearer ${jwt}` }, '{}');
      expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '5']);
    }
    expect((await refused())[0]).toMatchObject({ hook: 'offline', status: 503, step: 'keys unavailable' });
    expect(gateway.logs.filter(({ hook, msg }) => hook === 'offline' && msg === 'request refused')).toHaveLength(1);
    expect((await call('plain', {}, '{}')).status).toBe(401);
  });

  it('counts towards the lockout, through which a good signature passes, and which it ends', async () => {
    const statuses: number[] = [];
    for (let n = 0; n < 21; n += 1) statuses.push((await call('github', github('other'), pushBody)).status);
    expect(statuses).toEqual([...Array.from({ length: 20 }, () => 401), 429]);
    expect((await call('plain', {}, '{}')).status).toBe(429);
    expect((await call('github', { ...push, ...github(pushBody) }, pushBody)).status).toBe(202);
    expect((await call('plain', {}, '{}')).status).toBe(401);
    const latest = (await refused())
      .slice(0, 3)
      .map(({ hook, status }: { hook: string; status: number }) => [hook, status]);
    expect(latest).toEqual([
      ['plain', 401],
      ['plain', 429],
      ['github', 429],
    ]);
  });
});

it('nothing that proved a sender reaches the prompt, the log, /api or the store', async () => {
  const signature = github(pushBody);
  const answers = [
    await call('github', { ...push, ...signature, 'X-Topic': 'a-harmless-header' }, pushBody),
    await call('door', { 'X-Door-Key': 'door-key-of-the-test', 'X-Topic': 'a-harmless-header' }, '{"text": "hi"}'),
  ];
  expect(answers.map(({ status }) => status)).toEqual([202, 202]);
  await call('door', { 'X-Door-Key': 'a-wrong-door-key' }, '{}');
  const shown = await Promise.all(answers.map(({ body }) => gateway.ended(JSON.parse(body).runId)));
  const recorded = await Promise.all(answers.map(eventOf));
  const api = JSON.stringify([shown, recorded, await refused()]);
  await gateway.stop();

  const data = path.join(gateway.dir, 'data');
  const store = Buffer.concat(fs.readdirSync(data).map((file) => fs.readFileSync(path.join(data, file)))).toString(
    'latin1',
  );
  const presented = [
    signature['X-Hub-Signature-256'],
    'door-key-of-the-test',
    'a-wrong-door-key',
    secret,
    'verify-token-of-the-test',
  ];
  for (const place of [api, store, JSON.stringify(gateway.logs)]) {
    expect(presented.filter((text) => place.includes(text))).toEqual([]);
  }
  for (const place of [api, store]) expect(place).toContain('a-harmless-header');
  expect(store).not.toContain('request refused');
  expect(store).not.toContain('compare it with');
});
