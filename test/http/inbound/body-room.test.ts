import { createHmac } from 'node:crypto';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { pino } from 'pino';
import { systemClock } from '../../../src/domain/time/clock.ts';
import { createServer } from '../../../src/http/server.ts';
import { createBodyBudget } from '../../../src/ingest/body-budget.ts';
import { createRefusals } from '../../../src/ingest/refusals.ts';
import { createThrottle } from '../../../src/ingest/throttle.ts';
import { createQueue } from '../../../src/queue/create-queue.ts';
import { createLiveRuns } from '../../../src/runtime/watching/live-runs.ts';
import { loadSettings } from '../../../src/settings.ts';
import { openSqliteStore } from '../../../src/store/sqlite/sqlite-store.ts';
import { atEnd } from '../../support/at-end.ts';
import { eventually } from '../../support/eventually.ts';
import { hookToken } from '../../support/gateway.ts';
import { connect, type RawConnection } from '../../support/raw.ts';
import { tempDir } from '../../support/temp-dir.ts';

const mb = 1024 * 1024;
const secret = 'signing-secret-of-the-test';
const log = pino({ level: 'silent' });
const presented = `X-Hub-Signature-256: sha256=${'0'.repeat(64)}`;
const announced = 5 * mb;
const sent = Buffer.alloc(mb / 2, 'x');

/** A gateway's web side whose room for unproven bodies can be looked at. */
async function start(bodies = createBodyBudget()) {
  const dir = tempDir();
  const configFile = path.join(dir, 'gimli.json5');
  const hooks = {
    enabled: true,
    token: hookToken,
    presets: ['github'],
    github: { verify: { scheme: 'github', secret } },
  };
  fs.writeFileSync(configFile, JSON.stringify({ gateway: { trustProxy: 1 }, hooks }));
  const settings = await loadSettings(configFile, {}, log);
  const store = await openSqliteStore(path.join(dir, 'gimli.db'));
  const refusals = createRefusals({ log, clock: systemClock, onRefused: () => {} });
  const server = createServer({
    store,
    queue: createQueue(),
    throttle: createThrottle(),
    refusals,
    bodies,
    live: createLiveRuns(),
    log,
    onEvent: () => {},
    metricsText: async () => '',
    current: () => settings,
  });
  const url = `http://127.0.0.1:${await server.listen(0, '127.0.0.1')}`;
  atEnd(async () => {
    await server.close();
    await settings.transforms.close();
    await store.close();
  });
  return { url, bodies, refusals };
}

/** 150 connections, each with a body of 5 MB of which no more than the first comes. */
function flood(url: string, headers: string, framing: 'announced' | 'chunked') {
  const sockets = Array.from({ length: 150 }, () => connect(url));
  atEnd(() => letGo(sockets));
  const [length, open] =
    framing === 'announced'
      ? [`Content-Length: ${announced}`, '']
      : ['Transfer-Encoding: chunked', `${announced.toString(16)}\r\n`];
  for (const socket of sockets) {
    socket.write(`POST /hooks/github HTTP/1.1\r\nHost: gimli\r\n${headers}${length}\r\n\r\n${open}`);
    socket.write(sent);
  }
  return sockets;
}

/** A push with its signature. */
function signed(pad: string) {
  const body = JSON.stringify({ ref: 'refs/heads/main', deleted: false, repository: { full_name: 'a/b' }, pad });
  return { body, signature: `sha256=${createHmac('sha256', secret).update(body).digest('hex')}` };
}

/** Sends it from an address; gives the status of the answer. */
async function push(url: string, address: string, { body, signature }: ReturnType<typeof signed>): Promise<number> {
  const headers = { 'X-Forwarded-For': address, 'X-GitHub-Event': 'push', 'X-Hub-Signature-256': signature };
  return (await fetch(`${url}/hooks/github`, { method: 'POST', headers, body })).status;
}

const letGo = (sockets: readonly RawConnection[]) => sockets.forEach((socket) => void socket.destroy());

describe.each(['announced', 'chunked'] as const)('150 bodies of 5 MB (%s) that never end', (framing) => {
  it('are refused unread without a signature', async () => {
    const { url, bodies } = await start();
    const sockets = flood(url, '', framing);
    await eventually(() => sockets.every((socket) => /^HTTP\/1\.1 (401|429) /.test(socket.received())));
    expect(bodies.held()).toBe(0);
    letGo(sockets);
  });

  it('take no more room than one network may have, leave others theirs, and give it back', async () => {
    const { url, bodies } = await start(
      createBodyBudget({ total: 32 * mb, perNetwork: 8 * mb, patienceMs: 1000, slowMs: 1000 }),
    );
    const sockets = flood(url, `${presented}\r\n`, framing);
    let most = 0;
    await eventually(() => {
      most = Math.max(most, bodies.held());
      return most >= 8 * mb;
    });
    expect(await push(url, '10.0.0.9', signed('x'.repeat(mb)))).toBe(202);
    most = Math.max(most, bodies.held());
    // The oldest may go on, and what has come when the bound is seen is there: a chunk for each connection.
    expect(most).toBeLessThanOrEqual(8 * mb + announced + sockets.length * 65_536);
    letGo(sockets);
    await eventually(() => bodies.held() === 0);
  });
});

it('a body for which there is no room in time is told to come again', async () => {
  const { url, bodies, refusals } = await start(
    createBodyBudget({ total: 2 * mb, perNetwork: mb, patienceMs: 50, slowMs: 50 }),
  );
  const sockets = flood(url, `${presented}\r\n`, 'announced');
  await eventually(() => sockets.filter((socket) => socket.received() !== '').length >= sockets.length - 1);
  const answers = sockets.map((socket) => socket.received()).filter((answer) => answer !== '');
  for (const answer of answers)
    expect(answer).toMatch(/^HTTP\/1\.1 503 [\s\S]*Retry-After: 5\r\n[\s\S]*send it again later","code":"busy"\}$/);
  expect(refusals.list()[0]).toMatchObject({ hook: 'github', status: 503, step: 'no room' });
  letGo(sockets);
  await eventually(() => bodies.held() === 0);
});

it('large bodies of one network that come at one time are all taken, one after the other', async () => {
  const { url, bodies } = await start(
    createBodyBudget({ total: mb, perNetwork: mb / 4, patienceMs: 10_000, slowMs: 5000 }),
  );
  const body = signed('x'.repeat(mb));
  const answers = await Promise.all(Array.from({ length: 6 }, () => push(url, '10.0.0.1', body)));
  expect(answers).toEqual(Array.from({ length: 6 }, () => 202));
  expect(bodies.held()).toBe(0);
});

it('networks that hold all the room in silence give way to one that sends', async () => {
  const { url, bodies, refusals } = await start(
    createBodyBudget({ total: 2 * mb, perNetwork: mb, patienceMs: 10_000, slowMs: 50 }),
  );
  const silent = Array.from({ length: 4 }, (_, at) => {
    const socket = connect(url);
    const head = `POST /hooks/github HTTP/1.1\r\nHost: gimli\r\nX-Forwarded-For: 10.0.1.${at}\r\n${presented}\r\n`;
    socket.write(`${head}Content-Length: ${announced}\r\n\r\n`);
    socket.write(sent);
    return socket;
  });
  atEnd(() => letGo(silent));
  await eventually(() => bodies.held() >= 2 * mb);
  expect(await push(url, '10.0.0.1', signed('x'.repeat(mb)))).toBe(202);
  const ended = silent.filter((socket) => socket.received().startsWith('HTTP/1.1 503 '));
  expect(ended.length).toBeGreaterThan(0);
  expect(refusals.list()[0]).toMatchObject({ status: 503, step: 'no room' });
  letGo(silent);
  await eventually(() => bodies.held() === 0);
});

it('the body of a sender with the hook token takes none of that room', async () => {
  const { url, bodies } = await start(createBodyBudget({ total: 10, perNetwork: 10, patienceMs: 50, slowMs: 50 }));
  const wake = await fetch(`${url}/hooks/wake`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${hookToken}` },
    body: JSON.stringify({ text: 'x'.repeat(100_000), mode: 'next-heartbeat' }),
  });
  expect([wake.status, bodies.held()]).toEqual([200, 0]);
});

it('the body of a stranger who is refused is not read on: at most half a megabyte, and what the system has taken by then', async () => {
  const { url } = await start();
  const { hostname, port } = new URL(url);
  const socket = net.connect(Number(port), hostname);
  const length = 64 * mb;
  socket.write(`POST /hooks/github HTTP/1.1\r\nHost: x\r\nContent-Length: ${length}\r\n\r\n`);
  let written = 0;
  const gone = new Promise<void>((resolve) => socket.on('close', () => resolve()));
  socket.on('error', () => {}).resume();
  const send = () => {
    while (written < length && !socket.destroyed) {
      written += sent.length;
      if (!socket.write(sent)) return void socket.once('drain', send);
    }
  };
  send();
  await gone;
  expect(written).toBeLessThan(length / 2);
});
