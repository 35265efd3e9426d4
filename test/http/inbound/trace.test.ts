import { createHmac } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { eventually } from '../../support/eventually.ts';
import { gatewayToken, hookToken } from '../../support/gateway.ts';
import { connect } from '../../support/raw.ts';
import { writeSpec } from '../../support/specs.ts';
import { tempGateway } from '../../support/temp-gateway.ts';

const secret = 'correct horse battery staple';
const doorKey = 'door-key-of-the-test';
const mapping = (path: string, more: object = {}) => ({ id: path, match: { path }, messageTemplate: 'x', ...more });
const gateway = await tempGateway(
  {
    hooks: {
      maxBodyBytes: 10_000,
      mappings: [
        mapping('signed', { verify: { scheme: 'github', secret } }),
        mapping('door', { verify: { scheme: 'token', header: 'X-Door-Key', secret: doorKey } }),
        mapping('both', { id: 'both-signed', verify: { scheme: 'github', secret } }),
        mapping('both', { id: 'both-token' }),
      ],
    },
  },
  (dir) => void writeSpec(dir, 'ci.md', { id: 'ci' }, 'Look.'),
);

const token = { Authorization: `Bearer ${hookToken}` };
const sign = (body: string | Buffer) => ({
  'X-Hub-Signature-256': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`,
});
const wrong = { Authorization: 'Bearer wrong', 'X-Hub-Signature-256': `sha256=${'0'.repeat(64)}`, 'X-Door-Key': 'no' };

/** Sends a request as it stands, and what comes back. */
async function send(head: string, headers: Record<string, string>, body: string | Buffer = ''): Promise<string> {
  const connection = connect(gateway.url);
  const lines = Object.entries({ Host: 'gimli', Connection: 'close', ...headers }).map((pair) => pair.join(': '));
  connection.write(`${head} HTTP/1.1\r\n${lines.join('\r\n')}\r\nContent-Length: ${body.length}\r\n\r\n`);
  connection.write(body);
  return connection.ended;
}
const statusOf = (answer: string) => Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1]);
const api = async (path: string) => (await gateway.api('GET', path)).body;
const newestId = async () => (await api('/events?limit=1')).events[0]?.eventId;
const newest = async () => (await api(`/events/${await newestId()}`)).event;
const refused = async () => (await api('/refused')).refused;
async function metric(name: string, labels: string): Promise<number> {
  const text = await (
    await fetch(`${gateway.url}/metrics`, { headers: { Authorization: `Bearer ${gatewayToken}` } })
  ).text();
  const line = text.split('\n').find((one) => one.startsWith(`${name}{${labels}}`));
  return Number(line?.split(' ').at(-1) ?? 0);
}

// A good token clears the failures of the tests before.
beforeEach(() => gateway.get('runs/stats'));

const deep = `${'['.repeat(200)}${']'.repeat(200)}`;
const large = 'x'.repeat(20_000);
const zipped = gzipSync('{}');
const gzip = { 'Content-Encoding': 'gzip' };
const longKey = { 'Idempotency-Key': 'k'.repeat(300) };

/** What each does that cannot be read: how it is sent, with which proof, and how it is answered. */
const unreadable: [
  what: string,
  head: string,
  headers: Record<string, string>,
  body: string | Buffer,
  status: number,
  hook: string,
][] = [
  ['no JSON', 'POST /hooks/wake', token, '{kind:test}', 400, 'wake'],
  ['words', 'POST /hooks/wake', token, 'hello', 400, 'wake'],
  [
    'words in a form',
    'POST /hooks/agent',
    { ...token, 'Content-Type': 'application/x-www-form-urlencoded' },
    '{a=1',
    400,
    'agent',
  ],
  ['no JSON, signed', 'POST /hooks/signed', sign('{'), '{', 400, 'signed'],
  ['no JSON, with the secret of a header', 'POST /hooks/door', { 'X-Door-Key': doorKey }, '{', 400, 'door'],
  ['no JSON, to a hook of both kinds', 'POST /hooks/both', token, '{', 400, 'both'],
  ['200 brackets', 'POST /hooks/wake', token, deep, 400, 'wake'],
  ['200 brackets, signed', 'POST /hooks/signed', sign(deep), deep, 400, 'signed'],
  ['a body that is too large', 'POST /hooks/wake', token, large, 413, 'wake'],
  [
    'a body that is too large, with the secret of a header',
    'POST /hooks/door',
    { 'X-Door-Key': doorKey },
    large,
    413,
    'door',
  ],
  ['a compressed body', 'POST /hooks/wake', { ...token, ...gzip }, zipped, 415, 'wake'],
  ['a compressed body, signed', 'POST /hooks/signed', { ...sign(zipped), ...gzip }, zipped, 415, 'signed'],
  ['another method', 'PUT /hooks/wake', token, '{"text":"x"}', 405, 'wake'],
  ['another method, signed', 'PUT /hooks/signed', sign('{"a":1}'), '{"a":1}', 405, 'signed'],
  ['another method, without a body', 'DELETE /hooks/wake', token, '', 405, 'wake'],
  ['another method than reading', 'POST /hooks/runs', token, '{}', 405, 'runs'],
  ['two slashes before the path', 'POST //hooks/wake', token, '{"text":"x"}', 404, 'wake'],
  ['two slashes, signed', 'POST //hooks//signed', sign('{}'), '{}', 404, 'signed'],
  ['two slashes before the name', 'POST /hooks//wake', token, '{"text":"x"}', 404, 'wake'],
  ['two slashes before the name, signed', 'POST /hooks//signed', sign('{"a":1}'), '{"a":1}', 404, 'signed'],
  ['many slashes before the name', 'POST /hooks////agent', token, '{}', 404, 'agent'],
  ['nothing but slashes', 'POST /hooks//', token, '{}', 404, ''],
  ['a path that is none', 'POST /webhook/wake', token, '{}', 404, '/webhook/wake'],
  ['a name that is no text', 'POST /hooks/%ff', token, '{}', 400, '%ff'],
  ['no name', 'POST /hooks/', token, '{}', 404, ''],
  ['a key that is too long', 'POST /hooks/wake', { ...token, ...longKey }, '{"text":"x"}', 400, 'wake'],
  ['no JSON for a spec', 'POST /hook/ci', token, '{kind:test}', 400, 'ci'],
  ['another method for a spec', 'PUT /hook/ci', token, '{}', 405, 'ci'],
  ['a compressed body for a spec', 'POST /hook/ci', { ...token, ...gzip }, zipped, 415, 'ci'],
  ['a body that is too large for a spec', 'POST /hook/ci', token, large, 413, 'ci'],
  ['a key that is too long for a spec', 'POST /hook/ci', { ...token, ...longKey }, '{}', 400, 'ci'],
  ['a body that is too large for a spec that nobody knows', 'POST /hook/nobody', token, large, 404, 'nobody'],
  ['two slashes before a spec', 'POST //hook/ci', token, '{}', 404, 'ci'],
  ["two slashes before a spec's id", 'POST /hook//ci', token, '{}', 404, 'ci'],
];

describe('what a known sender sends and cannot be read', () => {
  it.each(unreadable)('leaves an event, a count and a line: %s', async (_, head, headers, body, status, hook) => {
    const known = ['signed', 'door', 'both', 'wake', 'agent', 'ci'].includes(hook) ? hook : 'unknown';
    const labels = `hook="${known}",outcome="unreadable"`;
    const before = { count: await metric('gimli_events_total', labels), refused: (await refused()).length };
    const answer = await send(head, headers, body);
    expect(statusOf(answer)).toBe(status);
    const event = await newest();
    const [method, path] = head.split(' ');
    expect(event).toMatchObject({ hook, outcome: 'unreadable', mapping: null, status });
    expect(event.detail).toMatch(new RegExp(`^${method} ${path}: .`));
    expect(event.answer).toEqual(JSON.parse(answer.slice(answer.indexOf('\r\n\r\n'))));
    const kept = Buffer.from(body).subarray(0, 4096);
    expect(event.body === undefined ? Buffer.from(event.bodyBase64, 'base64') : Buffer.from(event.body)).toEqual(kept);
    expect(await metric('gimli_events_total', labels)).toBe(before.count + 1);
    expect(await refused()).toHaveLength(before.refused);
    const lines = gateway.logs.filter(({ eventId }) => eventId === event.eventId);
    expect(lines).toMatchObject([{ hook, outcome: 'unreadable', status }]);
    expect(JSON.stringify(gateway.logs)).not.toMatch(/kind:test|hello/);
  });

  it.each(unreadable)('leaves no event where the proof is wrong: %s', async (_, head, headers, body) => {
    const before = await newestId();
    const own = Object.fromEntries(Object.entries(headers).filter(([name]) => !(name in wrong)));
    const answer = await send(head, { ...own, ...wrong }, body);
    expect(statusOf(answer)).toBeGreaterThanOrEqual(400);
    expect(await newestId()).toBe(before);
    const [method, path] = head.split(' ');
    expect((await refused())[0]).toMatchObject({ method, path, status: statusOf(answer), address: '127.0.0.1' });
  });

  it('is listed by its outcome, shown, and not to be replayed', async () => {
    await gateway.post('wake', '{kind:test}');
    const { events } = await api('/events?outcome=unreadable&limit=1');
    expect(events).toMatchObject([{ hook: 'wake', detail: expect.stringContaining('{kind:test}') }]);
    const replay = await gateway.api('POST', `/events/${events[0].eventId}/replay`);
    expect(replay).toMatchObject({ status: 409, body: { error: expect.stringContaining('could not be read') } });
  });

  it('is told how its body began, on one line', async () => {
    const { body } = await gateway.post('wake', '{kind:test}');
    expect(body.error).toMatch(/^the body is not JSON: .*; it begins with: \{kind:test\}$/);
    const long = (await gateway.post('wake', `{\u001b[2J\n${'é'.repeat(500)}`)).body.error;
    expect(long.split('; it begins with: ')[1]).toBe(`{ [2J ${'é'.repeat(54)}`);
  });

  it('that hangs up in mid-body leaves what came', async () => {
    for (const [path, proof] of [
      ['/hooks/wake', token],
      ['/hooks/door', { 'X-Door-Key': doorKey }],
      ['/hook/ci', token],
    ] as const) {
      const before = await newestId();
      const connection = connect(gateway.url);
      const lines = Object.entries(proof).map((pair) => pair.join(': '));
      connection.write(`POST ${path} HTTP/1.1\r\nHost: x\r\n${lines}\r\nContent-Length: 5000\r\n\r\n{"half":`);
      connection.end();
      await connection.closed;
      await eventually(async () => (await newestId()) !== before);
      expect(await newest()).toMatchObject({ outcome: 'unreadable', body: '{"half":', hook: path.split('/').at(-1) });
    }
  });

  it('holds nothing that proved it', async () => {
    await send('POST /hooks/signed?token=in-the-url', { ...sign('{'), Cookie: 'c=in-a-cookie' }, '{');
    await send('POST /hooks/door', { 'X-Door-Key': doorKey }, '{');
    await send('POST //hooks/door', { 'X-Door-Key': doorKey }, '{}');
    const { events } = await api('/events?outcome=unreadable&limit=3');
    const shown = await Promise.all(events.map(({ eventId }: { eventId: string }) => api(`/events/${eventId}`)));
    expect(JSON.stringify(shown)).not.toMatch(/in-the-url|in-a-cookie|sha256=|door-key-of/);
  });
});

describe('what a stranger sends', () => {
  it('is shown to the owner as it came: method, path, type, address, step, and how its body begins', async () => {
    const body = '{"verification_token":"secret_x"}';
    const answer = await send('POST /hooks/signed?key=q', { 'Content-Type': 'application/json' }, body);
    expect(statusOf(answer)).toBe(401);
    expect((await refused())[0]).toEqual({
      time: expect.any(Number),
      hook: 'signed',
      method: 'POST',
      path: '/hooks/signed',
      type: 'application/json',
      address: '127.0.0.1',
      status: 401,
      step: 'header missing',
      detail: expect.stringContaining('x-hub-signature-256 is missing'),
      body,
    });
    expect(JSON.stringify(gateway.logs)).not.toContain('secret_x');
  });

  it('is shown when it comes after the answer', async () => {
    const connection = connect(gateway.url);
    connection.write('POST /hooks/signed HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n');
    await eventually(() => connection.received().startsWith('HTTP/1.1 401'));
    connection.write('"a" "b" ,');
    await eventually(async () => (await refused())[0].body === '"a" "b" ,');
    connection.destroy();
  });

  it('before hanging up in mid-body is a row with what came', async () => {
    const connection = connect(gateway.url);
    const head = `POST /hooks/signed HTTP/1.1\r\nHost: x\r\nX-Hub-Signature-256: ${sign('x')['X-Hub-Signature-256']}`;
    connection.write(`${head}\r\nContent-Length: 5000\r\n\r\n{"half":`);
    connection.end();
    await connection.closed;
    const row = await eventually(async () =>
      (await refused()).find(({ step }: { step: string }) => step === 'hung up'),
    );
    expect(row).toMatchObject({ hook: 'signed', body: '{"half":' });
  });

  it('is told apart where the hook token came to a hook that asks for another proof', async () => {
    expect(statusOf(await send('POST /hooks/signed', token, '{}'))).toBe(401);
    const [row] = await refused();
    expect(row).toMatchObject({ step: 'token', status: 401 });
    expect(row.detail).toMatch(
      /^the hook token does not open this hook, it asks for github; or: x-hub-signature-256 is/,
    );
  });

  it.each([
    ['POST /hooks/wake', gatewayToken, /^gateway\.token came, which opens another door: the token that came is not/],
    ['GET /api/runs', hookToken, /^this asks for gateway\.token/],
    ['GET /metrics', 'wrong', /^this asks for gateway\.token/],
  ])('is told of by the token that it should have had (%s)', async (head, bearer, detail) => {
    expect(statusOf(await send(head, { Authorization: `Bearer ${bearer}` }))).toBe(401);
    const [method, path] = head.split(' ');
    const [row] = await refused();
    expect(row).toMatchObject({ method, path, step: 'token', status: 401 });
    expect(row.detail).toMatch(detail);
  });

  it('counts by its step', async () => {
    const before = await metric('gimli_refused_total', 'step="no match"');
    await send('POST /hooks/signed', sign('other'), '{}');
    expect(await metric('gimli_refused_total', 'step="no match"')).toBe(before + 1);
  });

  it('leaves a row and a count where it is no request', async () => {
    const before = await metric('gimli_refused_total', 'step="connection"');
    const bad = connect(gateway.url);
    bad.write('what is this\r\n\r\n');
    expect(statusOf(await bad.ended)).toBe(400);
    const long = connect(gateway.url);
    long.write(`GET / HTTP/1.1\r\nX-Long: ${'x'.repeat(20_000)}\r\n\r\n`);
    expect(statusOf(await long.ended)).toBe(431);
    const bare = connect(gateway.url);
    bare.write('POST /hooks/wake HTTP/1.1\r\nConnection: close\r\n\r\n');
    expect(statusOf(await bare.ended)).toBe(400);
    expect(await metric('gimli_refused_total', 'step="connection"')).toBe(before + 3);
    const rows = (await refused()).slice(0, 3);
    expect(rows.map(({ status, step, address }: Record<string, unknown>) => [status, step, address])).toEqual([
      [400, 'connection', '127.0.0.1'],
      [431, 'connection', '127.0.0.1'],
      [400, 'connection', '127.0.0.1'],
    ]);
  });

  it('is answered before its body has come where that could prove nothing', async () => {
    for (const headers of [
      '',
      `X-Hub-Signature-256: sha256=short\r\n`,
      token.Authorization && 'Authorization: Bearer x\r\n',
    ]) {
      const connection = connect(gateway.url);
      connection.write(`POST /hooks/signed HTTP/1.1\r\nHost: x\r\n${headers}Content-Length: 9000\r\n\r\n{`);
      await eventually(() => connection.received().startsWith('HTTP/1.1 401'));
      connection.destroy();
    }
  });
});

it('what is read leaves neither an event nor a refusal', async () => {
  const before = [await newestId(), (await refused()).length];
  expect((await gateway.get('runs')).status).toBe(200);
  expect((await gateway.get('runs/nobody')).status).toBe(404);
  expect((await gateway.get('runs?limit=x')).status).toBe(400);
  expect([await newestId(), (await refused()).length]).toEqual(before);
});
