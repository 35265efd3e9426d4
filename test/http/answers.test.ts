import { describe, expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.ts';
import { gatewayToken, hookToken } from '../support/gateway.ts';
import { connect, postHead } from '../support/raw.ts';
import { answersIn } from '../support/raw-answer.ts';
import { tempGateway } from '../support/temp-gateway.ts';

const gateway = await tempGateway({
  hooks: {
    maxBodyBytes: 1000,
    mappings: [{ match: { path: 'picky', source: 'me' }, messageTemplate: 'x' }],
  },
});
const hook = { Authorization: `Bearer ${hookToken}` };
const owner = { Authorization: `Bearer ${gatewayToken}` };

describe('every answer', () => {
  const cases: [number, string, string, Record<string, string>, string | null][] = [
    [200, 'POST', '/hooks/wake', hook, '{"text":"hi","mode":"next-heartbeat"}'],
    [202, 'POST', '/hooks/agent', hook, '{"message":"hi","wakeMode":"next-heartbeat"}'],
    [204, 'POST', '/hooks/picky', hook, '{}'],
    [400, 'POST', '/hooks/wake', hook, '{'],
    [400, 'POST', '/hooks/agent', hook, '{}'],
    [400, 'GET', '/hooks/runs?limit=0', hook, null],
    [401, 'POST', '/hooks/wake', {}, '{}'],
    [401, 'GET', '/api/runs', {}, null],
    [401, 'GET', '/metrics', {}, null],
    [404, 'GET', '/', {}, null],
    [404, 'POST', '/nowhere', {}, '{}'],
    [404, 'POST', '/hooks/nobody', hook, '{}'],
    [404, 'GET', '/hooks/runs/nobody', hook, null],
    [404, 'GET', '/api/nothing', owner, null],
    [404, 'POST', '/healthz', {}, ''],
    [405, 'GET', '/hooks/wake', {}, null],
    [413, 'POST', '/hooks/wake', hook, 'x'.repeat(1001)],
    [200, 'GET', '/healthz', {}, null],
    [200, 'GET', '/readyz', {}, null],
    [200, 'GET', '/metrics', owner, null],
    [200, 'GET', '/hooks/runs', hook, null],
    [200, 'GET', '/api/events', owner, null],
  ];
  it.each(cases)(
    '%i to %s %s guards its reader, and is JSON where it is an error',
    async (status, method, path, headers, body) => {
      const answer = await fetch(gateway.url + path, { method, headers, body });
      const text = await answer.text();
      expect(answer.status).toBe(status);
      expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
      expect(answer.headers.get('referrer-policy')).toBe('no-referrer');
      expect(answer.headers.get('x-powered-by')).toBeNull();
      if (status === 204) expect(text).toBe('');
      if (status < 400) return;
      expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8');
      expect(JSON.parse(text)).toMatchObject({ ok: false, error: expect.any(String) });
    },
  );
});

describe('a request that HTTP allows and hardly anybody sends', () => {
  it.each([
    ['a whole URL', 'GET http://gimli/hooks/runs/stats HTTP/1.1\r\nHost: gimli', 401],
    ['a whole URL without a path', 'GET HTTPS://gimli?x HTTP/1.1\r\nHost: gimli', 404],
    ['a URL that nobody can read', 'GET http://[ HTTP/1.1\r\nHost: gimli', 404],
    ['no path at all', 'OPTIONS * HTTP/1.1\r\nHost: gimli', 404],
    ['no Host', 'GET /hooks/runs HTTP/1.1', 400],
    ['an expectation that we do not know', 'GET /hooks/runs HTTP/1.1\r\nHost: gimli\r\nExpect: miracles', 401],
    ['an offer of another protocol', 'GET /hooks/runs HTTP/1.1\r\nHost: gimli\r\nUpgrade: h2c', 401],
    [
      'an offer of a WebSocket',
      'GET /hooks/runs HTTP/1.1\r\nHost: gimli\r\nUpgrade: websocket\r\nConnection: Upgrade',
      401,
    ],
    ['a method that nobody needs', 'PROPFIND /hooks/runs HTTP/1.1\r\nHost: gimli', 405],
    ['a body where none is expected', 'GET /hooks/runs HTTP/1.1\r\nHost: gimli\r\nContent-Length: 0', 401],
  ])('is answered as any other: %s', async (_, request, status) => {
    const connection = connect(gateway.url);
    connection.write(`${request}\r\nConnection: close\r\n\r\n`);
    expect(answersIn(await connection.ended)).toEqual([{ status, text: expect.stringContaining('"ok":false') }]);
  });

  it('is served where HTTP 1.0 needs no Host', async () => {
    const connection = connect(gateway.url);
    connection.write('GET /healthz HTTP/1.0\r\n\r\n');
    expect(answersIn(await connection.ended)).toEqual([{ status: 200, text: 'ok' }]);
  });
});

describe('what is no proper request', () => {
  it.each([
    ['no HTTP at all', 'HELLO\r\n\r\n', 400],
    ['a head without end', `GET /healthz HTTP/1.1\r\nHost: x\r\nX-Long: ${'x'.repeat(20_000)}`, 431],
    ['a body with a broken chunk', `${postHead('/hooks/wake', 'Transfer-Encoding: chunked')}zz\r\n`, 400],
    ['a URL that is too long', `GET /hooks/${'x'.repeat(20_000)} HTTP/1.1\r\nHost: x\r\n\r\n`, 431],
    ['a tunnel', 'CONNECT gimli:443 HTTP/1.1\r\nHost: gimli\r\n\r\n', 400],
    ['a tunnel with bytes behind it', 'CONNECT gimli:443 HTTP/1.1\r\nHost: gimli\r\n\r\n\x16\x03\x01', 400],
    ['a method that is none', 'LOOK /hooks/wake HTTP/1.1\r\nHost: gimli\r\n\r\n', 400],
    ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400],
    ['many headers', `GET /hooks/wake HTTP/1.1\r\n${'a: b\r\n'.repeat(4000)}\r\n`, 431],
    ['two lengths', postHead('/hooks/wake', 'Content-Length: 2\r\nContent-Length: 3'), 400],
  ])('is answered in JSON and cut: %s', async (_, request, status) => {
    const connection = connect(gateway.url);
    connection.write(request);
    const [head = '', body = ''] = (await connection.ended).split('\r\n\r\n');
    expect(head).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(head.toLowerCase()).toContain('x-content-type-options: nosniff');
    expect(head.toLowerCase()).toContain('connection: close');
    expect(JSON.parse(body)).toMatchObject({ ok: false, error: expect.any(String) });
    await connection.closed;
    const [row] = (await gateway.api('GET', '/refused')).body.refused;
    expect(row).toMatchObject({ status, address: '127.0.0.1', detail: JSON.parse(body).error });
  });

  it('is cut, and leaves its trace, where an earlier request still waits for its answer', async () => {
    const connection = connect(gateway.url);
    const tunnel = 'CONNECT gimli:443 HTTP/1.1\r\nHost: gimli\r\n\r\n';
    connection.write(`${postHead('/hooks/wake', 'Content-Length: 2')}{}${tunnel}`);
    expect(await connection.ended).not.toContain('CONNECT');
    const { refused } = (await gateway.api('GET', '/refused')).body;
    expect(refused).toContainEqual(
      expect.objectContaining({ step: 'connection', detail: expect.stringContaining('CONNECT') }),
    );
  });
});

it('a gateway that stops says so on /readyz, answers what it had begun to read, and lets go of the connection', async () => {
  const stopping = await tempGateway();
  const early = connect(stopping.url);
  early.write('GET /readyz HTTP/1.1\r\nHost: gimli\r\n');
  const late = connect(stopping.url);
  late.write(`${postHead('/hooks/wake', 'Content-Length: 36')}{"text":"just in time",`);
  const ready = await fetch(`${stopping.url}/readyz`);
  expect({ status: ready.status, text: await ready.text() }).toEqual({ status: 200, text: 'ready' });
  const stopped = stopping.stop();
  // It no longer listens.
  await eventually(() =>
    fetch(stopping.url).then(
      () => false,
      () => true,
    ),
  );
  early.write('\r\n');
  late.write('"mode":"now"}');
  expect(await early.ended).toMatch(/^HTTP\/1\.1 503 .*Connection: close.*stopping$/s);
  expect(await late.ended).toMatch(/^HTTP\/1\.1 200 .*"ok":true/s);
  await stopped;
});
