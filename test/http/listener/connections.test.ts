import type { IncomingMessage, ServerResponse } from 'node:http';
import { describe, expect, it } from '@jest/globals';
import { type Broken, createListener, type ListenerOptions } from '../../../src/http/listener/listener.ts';
import { atEnd } from '../../support/at-end.ts';
import { eventually } from '../../support/eventually.ts';
import { connect, type RawConnection } from '../../support/raw.ts';

const [here, there] = ['127.0.0.1', '127.0.0.2'];
const get = (path = '/') => `GET ${path} HTTP/1.1\r\nHost: gimli\r\n\r\n`;
const slow = 'POST /slow HTTP/1.1\r\nHost: gimli\r\nContent-Length: 9\r\n\r\nx';

/** A listener that answers everything at once but `/slow`, whose bodies it reads, and `/busy`, whose answers it keeps. */
async function listen(options: ListenerOptions = {}) {
  const broken: Broken[] = [];
  const kept: ServerResponse[] = [];
  const seen: string[] = [];
  const answer = (req: IncomingMessage, res: ServerResponse) => {
    seen.push(req.url ?? '');
    if (req.url === '/busy') kept.push(res);
    else if (req.url === '/slow') req.on('end', () => res.end('read')).resume();
    else res.end('answered');
  };
  const listener = createListener(answer, { onBroken: (one) => broken.push(one), ...options });
  const url = `http://127.0.0.1:${await listener.listen(0, here)}`;
  atEnd(() => listener.close());
  atEnd(() => kept.forEach((res) => void res.end()));
  const open: RawConnection[] = [];
  atEnd(() => open.forEach((connection) => void connection.destroy()));
  /** Opens a connection, and resolves when its first request is answered, or at the listener. */
  const come = async (from: string, request = get()) => {
    const connection = connect(url, { from });
    open.push(connection);
    const before = seen.length;
    connection.write(request);
    await eventually(async () => (request === get() ? connection.received() !== '' : seen.length > before));
    return connection;
  };
  const many = async (count: number, from: string, request?: string) => {
    const connections: RawConnection[] = [];
    for (let n = 0; n < count; n++) connections.push(await come(from, request));
    return connections;
  };
  return { url, broken, kept, seen, come, many };
}

/** Whether a connection still gets answers. */
async function answers(connection: RawConnection): Promise<boolean> {
  const before = connection.received().length;
  connection.write(get());
  const gone = connection.closed.then(() => false);
  return Promise.race([gone, eventually(async () => connection.received().length > before)]);
}

describe('when all places are taken', () => {
  it('a newcomer gets that of the address with most connections, of the one that has waited longest', async () => {
    const { many, come, broken } = await listen({ most: 6 });
    const [mine] = await many(1, here);
    const [first, second, ...others] = await many(5, there);
    // It is not the one that has waited longest any more.
    if (first) expect(await answers(first)).toBe(true);
    expect((await come(here)).received()).toMatch(/answered$/);
    await second?.closed;
    for (const kept of [mine, first, ...others]) if (kept) expect(await answers(kept)).toBe(true);
    expect(broken).toEqual([{ status: 503, reason: expect.stringContaining('too many connections'), address: there }]);
  });

  it('all may come from one address, as behind a proxy: the newest is answered', async () => {
    const { many } = await listen({ most: 5 });
    const all = await many(40, here);
    for (const connection of all) expect(connection.received()).toMatch(/answered$/);
  });

  it('a body that is not whole keeps nobody out', async () => {
    const { many, come } = await listen({ most: 5 });
    const [first] = await many(5, there, slow);
    expect((await come(here)).received()).toMatch(/answered$/);
    await first?.closed;
  });

  it('what is being answered goes on, and a newcomer is told to come again', async () => {
    const { url, many, kept, broken } = await listen({ most: 5 });
    const busy = await many(5, there, get('/busy'));
    const newcomer = connect(url);
    expect(await newcomer.ended).toMatch(/^HTTP\/1\.1 503 .*Connection: close.*"ok":false/s);
    for (const res of kept) res.end('done');
    for (const connection of busy) await eventually(async () => connection.received().endsWith('done'));
    expect(broken).toEqual([{ status: 503, reason: expect.any(String), address: here }]);
  });

  it('nobody gets the place of an address that has fewer', async () => {
    const { url, many } = await listen({ most: 5 });
    const [waiting] = await many(1, there);
    await many(4, here, get('/busy'));
    expect(await connect(url).ended).toMatch(/^HTTP\/1\.1 503 /);
    if (waiting) expect(await answers(waiting)).toBe(true);
  });

  it('a place is free again when its connection is gone', async () => {
    const { many, come } = await listen({ most: 3 });
    for (const connection of await many(3, there, get('/busy'))) connection.destroy();
    await eventually(async () => (await come(here).catch(() => undefined))?.received().endsWith('answered'));
  });
});

describe('a connection that brings no request', () => {
  it.each([
    ['after its first, however many line breaks it sends', get(), '\r\n'],
    ['after its first', get(), ''],
    ['at all, however many line breaks it sends', '', '\r\n'],
    ['whole, byte for byte', 'GET /', 'x'],
  ])('%s is closed', async (_, first, again) => {
    const { url, broken } = await listen({ requestMs: 200 });
    const connection = connect(url);
    connection.write(first);
    const trickle = setInterval(() => connection.write(again), 20);
    atEnd(() => clearInterval(trickle));
    await connection.closed;
    clearInterval(trickle);
    expect(connection.received()).toMatch(first === get() ? /answered/ : /^(HTTP\/1\.1 408 .*)?$/s);
    if (again !== '') expect(broken).toEqual([{ status: 408, reason: expect.any(String), address: here }]);
  });

  it('is closed when its other end has closed its side', async () => {
    const { url } = await listen({ requestMs: 200 });
    const connection = connect(url, { halfOpen: true });
    connection.write(get());
    await eventually(async () => connection.received().endsWith('answered'));
    connection.end();
    await connection.closed;
  });
});

describe('requests that come before the answers to earlier ones', () => {
  it('are answered in their order, a few of them', async () => {
    const { come } = await listen({ mostAhead: 50 });
    const connection = await come(
      here,
      get('/').repeat(50) + get('/').replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'),
    );
    expect((await connection.ended).split('answered')).toHaveLength(52);
  });

  it('are bounded on a connection, and one that brings more is cut', async () => {
    const { url, seen, broken } = await listen({ mostOpen: 50 });
    const [few, many] = [connect(url), connect(url, { from: there })];
    few.write(get('/busy').repeat(50));
    many.write(get('/busy').repeat(51));
    await many.closed;
    await eventually(async () => seen.length === 100);
    expect(broken).toEqual([{ status: 503, reason: expect.stringContaining('before the answers'), address: there }]);
    few.destroy();
  });

  it('are bounded on all connections together, and whoever sends more is cut', async () => {
    const { url, seen, broken, come } = await listen({ mostAhead: 50 });
    const flooding = Array.from({ length: 5 }, () => connect(url, { from: there }));
    for (const connection of flooding) connection.pause();
    for (const connection of flooding) connection.write(get('/busy').repeat(500));
    await eventually(async () => broken.length >= 4);
    // What all may have ahead, and one more of each.
    expect(seen.length).toBeLessThanOrEqual(50 * 5 + 5);
    expect(broken[0]).toEqual({ status: 503, reason: expect.stringContaining('before the answers'), address: there });
    expect((await come(here)).received()).toMatch(/answered$/);
  });
});

describe('what two readers may understand in two ways', () => {
  const chunked = '1\r\nx\r\n0\r\n\r\n';
  const head = (line: string, ...headers: string[]) => `${[line, ...headers].join('\r\n')}\r\n\r\n`;
  const post = 'POST / HTTP/1.1';
  const host = 'Host: gimli';

  it.each<[string, string, number]>([
    ['two hosts', head('GET / HTTP/1.1', host, 'Host: other'), 400],
    ['two hosts that are the same', head('GET / HTTP/1.1', host, 'hOST: gimli'), 400],
    ['two hosts in HTTP/1.0', head('GET / HTTP/1.0', host, host), 400],
    ['HTTP/2.0 in its first line', head('GET / HTTP/2.0', host), 400],
    ['HTTP/0.9', head('GET / HTTP/0.9', host), 400],
    ['HTTP/1.2', head('GET / HTTP/1.2', host), 400],
    ['HTTP/3.0', head('GET / HTTP/3.0', host), 400],
    ['a Transfer-Encoding in HTTP/1.0', head('POST / HTTP/1.0', host, 'Transfer-Encoding: chunked') + chunked, 400],
    [
      'a Transfer-Encoding beside a length',
      head(post, host, 'Content-Length: 3', 'Transfer-Encoding: chunked') + chunked,
      400,
    ],
    [
      'a length beside a Transfer-Encoding',
      head(post, host, 'Transfer-Encoding: chunked', 'Content-Length: 3') + chunked,
      400,
    ],
    ['a Transfer-Encoding that is not read', head(post, host, 'Transfer-Encoding: gzip, chunked') + chunked, 400],
    [
      'two Transfer-Encodings',
      head(post, host, 'Transfer-Encoding: chunked', 'Transfer-Encoding: chunked') + chunked,
      400,
    ],
    [
      'a Transfer-Encoding that ends otherwise',
      head(post, host, 'Transfer-Encoding: chunked, identity') + chunked,
      400,
    ],
    ['two lengths', `${head(post, host, 'Content-Length: 1', 'Content-Length: 2')}xy`, 400],
    ['two lengths that are the same', `${head(post, host, 'Content-Length: 1', 'Content-Length: 1')}x`, 400],
    ['a length that is a list', `${head(post, host, 'Content-Length: 1, 1')}x`, 400],
    ['a length with a sign', `${head(post, host, 'Content-Length: +1')}x`, 400],
    ['a length with a blank before its colon', `${head(post, host, 'Content-Length : 1')}x`, 400],
    ['a header that goes on in the next line', head('GET / HTTP/1.1', host, 'X-A: b', ' c'), 400],
    ['more headers than anybody has', head('GET / HTTP/1.1', host, ...Array.from({ length: 200 }, () => 'a:')), 431],
    [
      'more headers than Node counts',
      head('GET / HTTP/1.1', ...Array.from({ length: 2100 }, () => 'a:'), host, host),
      431,
    ],
    ['a head that is too large', head('GET / HTTP/1.1', host, `a: ${'x'.repeat(20_000)}`), 431],
  ])('is refused, and reaches nobody: %s', async (_, request, status) => {
    const { url, seen, broken } = await listen();
    const connection = connect(url);
    connection.write(request);
    const received = await connection.ended;
    expect(received).toMatch(new RegExp(`^HTTP/1\\.1 ${status} .*nosniff`, 's'));
    expect(JSON.parse(received.split('\r\n\r\n')[1] ?? '')).toEqual({
      ok: false,
      code: expect.any(String),
      error: expect.any(String),
    });
    expect(seen).toEqual([]);
    expect(broken).toEqual([{ status, reason: expect.any(String), address: here }]);
  });

  it.each<[string, string, string]>([
    ['HTTP/1.0', head('GET /a HTTP/1.0', host), '/a'],
    ['HTTP/1.0 with a length', `${head('POST /a HTTP/1.0', host, 'Content-Length: 1')}x`, '/a'],
    [
      'chunks, whatever their letters',
      head('POST /a HTTP/1.1', host, 'Transfer-Encoding: Chunked', 'Connection: close') + chunked,
      '/a',
    ],
    ['the whole address as the target', head('GET http://other/a?b HTTP/1.1', host, 'Connection: close'), '/a?b'],
    [
      'as many headers as there may be',
      head('GET /a HTTP/1.1', host, 'Connection: close', ...Array.from({ length: 198 }, () => 'a:')),
      '/a',
    ],
  ])('is no matter: %s', async (_, request, path) => {
    const { url, seen } = await listen();
    const connection = connect(url);
    connection.write(request);
    expect(await connection.ended).toMatch(/^HTTP\/1\.1 200 .*answered$/s);
    expect(seen).toEqual([path]);
  });
});
