import { once } from 'node:events';
import http, { type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { expect, it } from '@jest/globals';
import { openStream } from '../../../src/http/streams/stream.ts';
import { atEnd } from '../../support/at-end.ts';
import { eventually } from '../../support/eventually.ts';
import { connect } from '../../support/raw.ts';

const server = http.createServer();
server.listen(0, '127.0.0.1');
await once(server, 'listening');
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
atEnd(() => {
  server.closeAllConnections();
  server.close();
});

/** A stream, and the client at its other end. */
async function open({ closing = new AbortController(), keepAliveMs = 15_000 } = {}) {
  const requested = once(server, 'request') as Promise<[unknown, ServerResponse]>;
  const client = connect(url);
  client.write('GET / HTTP/1.1\r\nHost: gimli\r\nConnection: close\r\n\r\n');
  const [, res] = await requested;
  const errors: Error[] = [];
  res.on('error', (error) => errors.push(error));
  return { stream: openStream(res, closing.signal, keepAliveMs), res, client, errors };
}

/** More than the buffers of any connection hold. */
const huge = 'x'.repeat(20_000_000);

it('nothing is written after the end, though the client has not read it yet', async () => {
  const { stream, client, errors } = await open({ keepAliveMs: 1 });
  client.pause();
  stream.send('text', { text: huge });
  stream.end();
  const other = await open({ keepAliveMs: 1 });
  await eventually(() => other.client.received().split(':\n\n').length > 5);
  expect(errors).toEqual([]);
  client.resume();
  expect((await client.ended).endsWith('\r\n0\r\n\r\n')).toBe(true);
});

it('a client that does not read is hung up on before it fills the memory', async () => {
  const { stream, res, client } = await open();
  client.pause();
  let most = 0;
  for (let events = 0; events < 1000 && !stream.gone.aborted; events++) {
    stream.send('text', { text: 'x'.repeat(100_000) });
    most = Math.max(most, res.writableLength);
    await setImmediate();
  }
  expect(stream.gone.aborted).toBe(true);
  expect(most).toBeLessThan(1_500_000);
});

it('a client that reads is told all, however large an event is', async () => {
  const { stream, client } = await open();
  stream.send('text', { text: huge });
  stream.send('text', { text: 'The end.' });
  stream.end();
  const received = await client.ended;
  expect(received.length).toBeGreaterThan(huge.length);
  expect(received).toMatch(/The end\."\}\n\n\r\n0\r\n\r\n$/);
});

it.each(['before', 'after'])('a client that does not read holds up no stop %s the end', async (when) => {
  const closing = new AbortController();
  const { stream, res, client } = await open({ closing });
  client.pause();
  stream.send('text', { text: huge });
  if (when === 'after') stream.end();
  const closed = once(res, 'close');
  closing.abort();
  await closed;
  expect(stream.gone.aborted).toBe(true);
});
