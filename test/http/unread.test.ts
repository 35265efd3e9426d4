import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from '@jest/globals';
import { createListener } from '../../src/http/listener/listener.ts';
import { atEnd } from '../support/at-end.ts';
import { connect } from '../support/raw.ts';

const unreadMs = 800;
/** More than the buffers of both ends take. */
const long = 'x'.repeat(32_000_000);

/** A listener, its URL, and the answer that it makes next. */
async function listen(answer: (res: ServerResponse) => void) {
  const { promise, resolve } = Promise.withResolvers<ServerResponse>();
  const listener = createListener(
    (_, res) => {
      resolve(res);
      answer(res);
    },
    { unreadMs },
  );
  const url = `http://127.0.0.1:${await listener.listen(0, '127.0.0.1')}`;
  atEnd(() => listener.close());
  return { url, answered: promise };
}

const get = 'GET / HTTP/1.1\r\nHost: gimli\r\n\r\n';

it('an answer of which nothing is read is given up after a time, however many more are asked for', async () => {
  const { url, answered } = await listen((res) => res.end(long));
  const connection = connect(url);
  connection.pause();
  connection.write(get.repeat(15));
  const again = setInterval(() => connection.write(get), unreadMs / 4);
  atEnd(() => clearInterval(again));
  const res = await answered;
  const began = performance.now();
  await once(res, 'close');
  expect(res.writableFinished).toBe(false);
  expect(performance.now() - began).toBeGreaterThan(unreadMs / 2);
  connection.destroy();
});

it('an answer that is read slowly is sent whole', async () => {
  const { url, answered } = await listen((res) => res.end(long));
  const connection = connect(url);
  connection.write(get);
  const res = await answered;
  const began = performance.now();
  while (performance.now() - began < unreadMs * 3) {
    connection.pause();
    await sleep(unreadMs / 4);
    connection.resume();
    await sleep(5);
  }
  connection.resume();
  if (!res.writableFinished) await once(res, 'finish');
  expect(res.writableFinished).toBe(true);
  connection.destroy();
});

it('an answer that takes long to make is waited for', async () => {
  const { url } = await listen(
    (res) => void setTimeout(() => res.setHeader('Connection', 'close').end('late'), unreadMs * 3),
  );
  const connection = connect(url);
  connection.write(get);
  expect(await connection.ended).toMatch(/late$/);
});
