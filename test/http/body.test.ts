import { gzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.ts';
import { connect, postHead } from '../support/raw.ts';
import { tempGateway } from '../support/temp-gateway.ts';

const usualLimit = 262_144;
const gateway = await tempGateway({
  hooks: {
    mappings: [
      { match: { path: 'list' }, messageTemplate: 'First: {{payload[0].name}}', name: 'List' },
      { match: { path: 'fixed' }, action: 'wake', textTemplate: 'It rang.', wakeMode: 'next-heartbeat' },
      { match: { path: 'small' }, action: 'wake', textTemplate: 'x', wakeMode: 'next-heartbeat', maxBodyBytes: 10 },
      {
        match: { path: 'large' },
        action: 'wake',
        textTemplate: 'x',
        wakeMode: 'next-heartbeat',
        maxBodyBytes: 400_000,
      },
    ],
  },
});

/** A wake of exactly so many bytes. */
const wakeOf = (bytes: number): string => {
  const empty = JSON.stringify({ mode: 'next-heartbeat', text: '' });
  return JSON.stringify({ mode: 'next-heartbeat', text: 'x'.repeat(bytes - empty.length) });
};
const chunk = (data: string): string => `${Buffer.byteLength(data).toString(16)}\r\n${data}\r\n`;
const newest = async () => (await gateway.api('GET', '/events?limit=1')).body.events[0];

describe('the limit of a body', () => {
  it('lets exactly hooks.maxBodyBytes through', async () => {
    expect((await gateway.post('wake', wakeOf(usualLimit))).status).toBe(200);
  });

  it('answers one byte more with a 413 that says the limit, closes the connection, and is recorded', async () => {
    const { status, headers, body } = await gateway.post('wake', wakeOf(usualLimit + 1));
    expect({ status, body }).toEqual({
      status: 413,
      body: { ok: false, code: 'too-large', error: expect.stringContaining('262144 bytes') },
    });
    expect(headers.get('connection')).toBe('close');
    expect(await newest()).toMatchObject({ hook: 'wake', outcome: 'unreadable', status: 413, answer: body });
  });

  it.each([
    ['small', 10, 200],
    ['small', 11, 413],
    ['large', 400_000, 200],
    ['large', 400_001, 413],
  ])('is the mapping’s own where it has one (%s, %i bytes: %i)', async (hook, bytes, status) => {
    expect((await gateway.post(hook, JSON.stringify('x'.repeat(bytes - 2)))).status).toBe(status);
  });

  it('counts a chunked body, whose length nobody announced', async () => {
    const exact = connect(gateway.url);
    exact.write(postHead('/hooks/wake', 'Connection: close\r\nTransfer-Encoding: chunked'));
    exact.write(chunk(wakeOf(usualLimit)) + chunk(''));
    expect(await exact.ended).toMatch(/^HTTP\/1\.1 200 /);

    const over = connect(gateway.url);
    over.write(postHead('/hooks/wake', 'Transfer-Encoding: chunked'));
    over.write(chunk(wakeOf(usualLimit + 1)) + chunk(''));
    expect(await over.ended).toMatch(/^HTTP\/1\.1 413 .*Connection: close.*262144 bytes","code":"too-large"\}$/s);
  });

  it('is told to a sender who is still sending, chunked or announced', async () => {
    const chunked = connect(gateway.url);
    chunked.write(postHead('/hooks/wake', 'Transfer-Encoding: chunked') + chunk('x'.repeat(usualLimit + 1)));
    await eventually(() => /^HTTP\/1\.1 413 .*"\}$/s.test(chunked.received()));
    chunked.destroy();

    const announced = connect(gateway.url);
    announced.write(postHead('/hooks/wake', 'Content-Length: 100000000'));
    await eventually(() => /^HTTP\/1\.1 413 .*"\}$/s.test(announced.received()));
    announced.destroy();
  });

  it('is told to a sender who reads nothing before all is sent', async () => {
    const connection = connect(gateway.url);
    connection.write(postHead('/hooks/wake', 'Content-Length: 20000000'));
    connection.write(Buffer.alloc(20_000_000, 'x'));
    expect(await connection.ended).toMatch(/^HTTP\/1\.1 413 .*262144 bytes","code":"too-large"\}$/s);
  });

  it('is not read where it is compressed', async () => {
    const sent = gzipSync(wakeOf(1000));
    const { status, body } = await gateway.post('wake', sent, { 'Content-Encoding': 'gzip' });
    expect({ status, body }).toEqual({
      status: 415,
      body: { ok: false, code: 'encoding', error: expect.stringContaining('as it is') },
    });
  });
});

describe('a body', () => {
  it.each([
    ['broken JSON', '{', {}, 400],
    ['words', 'hello', {}, 400],
    ['half of a string in UTF-8', Buffer.from([0x22, 0xff]), {}, 400],
    ['an encoding within another', '{}', { 'Content-Encoding': 'identity, gzip' }, 415],
    ['an encoding that nobody knows', '{}', { 'Content-Encoding': 'rot13' }, 415],
  ])('of %s is refused as JSON, and recorded', async (_, sent, headers, expected) => {
    const { status, body } = await gateway.post('agent', sent, headers);
    expect({ status, body }).toEqual({
      status: expected,
      body: { ok: false, code: expect.any(String), error: expect.any(String) },
    });
    expect(await newest()).toMatchObject({ hook: 'agent', outcome: 'unreadable', status: expected, answer: body });
  });

  it.each(['identity', 'Identity', '', 'identity, identity'])(
    'whose encoding is "%s" is as it is',
    async (encoding) => {
      const answer = await gateway.post('wake', { text: 'as it is' }, { 'Content-Encoding': encoding });
      expect(answer.status).toBe(200);
    },
  );

  it('that is nested deeper than 100 levels is refused by every kind of hook, and recorded', async () => {
    const nested = (levels: number) => `{"text":"x","message":"x","list":${'['.repeat(levels)}${']'.repeat(levels)}}`;
    for (const hook of ['wake', 'agent', 'list', 'nobody']) {
      for (const levels of [100, 10_000]) {
        const error = 'the body is nested deeper than 100 levels';
        expect(await gateway.post(hook, nested(levels))).toMatchObject({ status: 400, body: { ok: false, error } });
        expect(await newest()).toMatchObject({ hook, outcome: 'unreadable', detail: expect.stringContaining(error) });
      }
      expect((await gateway.post(hook, nested(99))).status).not.toBe(400);
      expect((await newest()).outcome).not.toBe('unreadable');
    }
  });

  it('that is cut off in the middle makes nothing, and is recorded with what came of it', async () => {
    const connection = connect(gateway.url);
    connection.write(`${postHead('/hooks/fixed', 'Content-Length: 100')}{"text":`);
    connection.end();
    await connection.closed;
    const { eventId } = await eventually(async () => {
      const event = await newest();
      return event.outcome === 'unreadable' && event.hook === 'fixed' && event;
    });
    const { event } = (await gateway.api('GET', `/events/${eventId}`)).body;
    expect(event).toMatchObject({ body: '{"text":', detail: expect.stringContaining('hung up') });
  });

  it('that is empty means an empty object', async () => {
    expect((await gateway.post('fixed', '')).status).toBe(200);
    expect(await gateway.post('wake', '')).toMatchObject({ status: 400, body: { ok: false, error: 'text required' } });
  });

  it('that is an array is fine for a mapping, not for wake and agent', async () => {
    const { status, body } = await gateway.post('list', [{ name: 'Ada' }, { name: 'Bob' }]);
    expect(status).toBe(202);
    expect((await gateway.ended(body.runId)).prompt).toContain('"Ada"');
    for (const hook of ['wake', 'agent']) {
      expect(await gateway.post(hook, [1, 2])).toMatchObject({ status: 400, body: { ok: false } });
    }
  });

  it.each(['null', '"text"', '5', 'true'])('that is only %s is refused by wake and agent', async (sent) => {
    for (const hook of ['wake', 'agent']) {
      expect(await gateway.post(hook, sent)).toMatchObject({ status: 400, body: { ok: false } });
    }
  });

  it.each([
    'application/json',
    'text/plain',
    'application/x-www-form-urlencoded',
    'application/vnd.x+json; charset=utf-8',
    'nonsense',
  ])('is read as JSON whatever its content type says (%s)', async (type) => {
    const sent = { text: 'hi', mode: 'next-heartbeat' };
    expect((await gateway.post('wake', sent, { 'Content-Type': type })).status).toBe(200);
  });
});
