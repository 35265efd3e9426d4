import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { pino } from 'pino';
import { findHolder } from '../../src/store/sqlite/lock.ts';
import { atEnd } from '../support/at-end.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { gatewayToken, hookToken, startGateway } from '../support/gateway.ts';
import { nativeGimli } from '../support/native.ts';
import { callSpec, lastEvent, writeSpec } from '../support/specs.ts';
import { tempDir } from '../support/temp-dir.ts';
import { tempGateway } from '../support/temp-gateway.ts';

const secret = 'secret-of-the-specs';

async function withOwnPort(config: object = {}, env: NodeJS.ProcessEnv = {}) {
  const dir = tempDir();
  writeSpec(dir, 'ci.md', { id: 'ci' });
  const gateway = await startGateway(dir, config, env);
  atEnd(() => gateway.stop());
  return { ...gateway, specsUrl: gateway.gimli.specsUrl ?? 'nowhere' };
}

/** What a start is refused with. */
async function refusal(config: object, env: NodeJS.ProcessEnv = {}, dotEnv = ''): Promise<string> {
  const dir = tempDir();
  fs.writeFileSync(path.join(dir, '.env'), dotEnv);
  const started = startGateway(dir, config, env).then(async (gateway) => {
    await gateway.stop();
    return 'it started';
  });
  return started.catch((error) => `${error.message}`);
}

describe('a port of their own for specs', () => {
  it.each<[string, object, NodeJS.ProcessEnv]>([
    ['by the config', { specs: { port: 0, secret } }, {}],
    ['by the environment', {}, { WEBHOOK_PORT: '0', WEBHOOK_SECRET: secret }],
    ['by both', { specs: { port: 0 } }, { WEBHOOK_SECRET: secret }],
    ['by the config over the environment', { specs: { port: 0, secret } }, { WEBHOOK_PORT: '1', WEBHOOK_SECRET: 'no' }],
    ['where hooks are off', { hooks: { enabled: false }, specs: { port: 0, secret } }, {}],
  ])('%s', async (_, config, env) => {
    const { url, specsUrl, logs } = await withOwnPort(config, env);
    expect(specsUrl).not.toBe(url);
    expect(await callSpec(specsUrl, secret, 'ci')).toMatchObject({ status: 202, body: { status: 'accepted' } });
    expect(await callSpec(specsUrl, 'no', 'ci')).toMatchObject({ status: 401, body: { error: 'unauthorized' } });
    expect(await callSpec(specsUrl, hookToken, 'ci')).toMatchObject({ status: 401 });
    expect(await callSpec(specsUrl, gatewayToken, 'ci')).toMatchObject({ status: 401 });
    expect(logs).toContainEqual(expect.objectContaining({ url: specsUrl, msg: 'specs have an address of their own' }));
  });

  it('is the one that was asked for, and has nothing else', async () => {
    const port = await freePort();
    const { specsUrl } = await withOwnPort({ specs: { secret } }, { WEBHOOK_PORT: `${port}` });
    expect(specsUrl).toBe(`http://127.0.0.1:${port}`);
    for (const other of ['/hooks/wake', '/api/runs', '/healthz', '/metrics', '/hook', '/']) {
      const answer = await fetch(specsUrl + other, { method: 'POST', headers: { Authorization: `Bearer ${secret}` } });
      expect(answer.status).toBe(404);
      expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
      expect(await answer.json()).toEqual({ error: 'not found' });
    }
  });

  it('takes them away from the main one, where hooks go on', async () => {
    const { url, post } = await withOwnPort({ specs: { port: 0, secret } });
    for (const token of [secret, hookToken]) expect(await callSpec(url, token, 'ci')).toMatchObject({ status: 404 });
    expect((await post('wake', { text: 'x', mode: 'next-heartbeat' })).status).toBe(200);
    expect((await post('ci', {})).status).toBe(404);
  });

  it('says in what was refused which secret it wants', async () => {
    const gateway = await withOwnPort({ specs: { port: 0, secret } });
    await callSpec(gateway.specsUrl, 'wrong', 'ci');
    const [refused] = (await gateway.api('GET', '/refused')).body.refused;
    expect(refused).toMatchObject({ hook: '/hook/ci', detail: expect.stringContaining('is not specs.secret') });
  });

  it('is known to the commands as long as the gateway runs', async () => {
    const { dir, url, specsUrl, stop } = await withOwnPort({ specs: { port: 0, secret } });
    const store = path.join(dir, 'data/gimli.db');
    expect(findHolder(store)).toMatchObject({ pid: process.pid, url, specsUrl });
    await stop();
    await expect(fetch(`${specsUrl}/hook/ci`, { method: 'POST' })).rejects.toThrow();
    expect(findHolder(store)).toBeUndefined();
  });

  it('takes a new secret at once, and a new port after a restart', async () => {
    const gateway = await withOwnPort({ specs: { port: 0, secret } });
    gateway.writeConfig({ specs: { port: 1, secret: 'a-new-secret' } });
    await eventually(async () => (await callSpec(gateway.specsUrl, 'a-new-secret', 'ci')).status === 202);
    expect((await callSpec(gateway.specsUrl, secret, 'ci')).status).toBe(401);
    expect(gateway.logs).toContainEqual(expect.objectContaining({ keys: ['specs.port'] }));
  });

  it('takes a new secret of .env at once', async () => {
    const dir = tempDir();
    const dotEnv = path.join(dir, '.env');
    fs.writeFileSync(dotEnv, `WEBHOOK_PORT=0\nWEBHOOK_SECRET=${secret}\n`);
    writeSpec(dir, 'ci.md', { id: 'ci' });
    const gateway = await startGateway(dir);
    atEnd(() => gateway.stop());
    const url = gateway.gimli.specsUrl ?? '';
    expect((await callSpec(url, secret, 'ci')).status).toBe(202);
    fs.writeFileSync(dotEnv, 'WEBHOOK_PORT=0\nWEBHOOK_SECRET=a-new-secret\n');
    await eventually(async () => (await callSpec(url, 'a-new-secret', 'ci')).status === 202);
  });
});

describe('a start is refused', () => {
  it.each<[string, object, NodeJS.ProcessEnv, string]>([
    [
      'where the port is set and the secret is missing',
      {},
      { WEBHOOK_PORT: '8420' },
      'specs.secret: missing; WEBHOOK_PORT is set, and that port needs the secret that callers present: set WEBHOOK_SECRET',
    ],
    [
      'where the secret is blank',
      {},
      { WEBHOOK_PORT: '8420', WEBHOOK_SECRET: ' ' },
      'specs.secret: missing; WEBHOOK_PORT is set',
    ],
    ['where the config sets the port alone', { specs: { port: 8420 } }, {}, 'specs.secret: missing; specs.port is set'],
    [
      'where the secret is the token of the gateway',
      {},
      { WEBHOOK_PORT: '8420', WEBHOOK_SECRET: gatewayToken },
      'found the one of gateway.token',
    ],
    ['where the secret has no port', { specs: { secret } }, {}, 'specs.secret: would be ignored: without specs.port'],
    [
      'where the port is none',
      {},
      { WEBHOOK_PORT: 'abc', WEBHOOK_SECRET: secret },
      'specs.port: expected an integer from 0 to 65535, found something else in ${WEBHOOK_PORT}',
    ],
    [
      'where the port is too large',
      {},
      { WEBHOOK_PORT: '65536', WEBHOOK_SECRET: secret },
      'specs.port: expected an integer from 0 to 65535',
    ],
    [
      'where hooks want the path of specs',
      { hooks: { path: '/hook' } },
      {},
      'hooks.path: expected a path that Gimli does not use itself, found "/hook"',
    ],
  ])('%s', async (_, config, env, message) => {
    expect(await refusal(config, env)).toContain(message);
  });

  it('where .env sets the port alone', async () => {
    expect(await refusal({}, {}, 'WEBHOOK_PORT=8420\n')).toContain('set WEBHOOK_SECRET');
  });

  it('where the port is taken, and then the gateway has let go of everything', async () => {
    const { port } = new URL((await tempGateway()).url);
    const dir = tempDir();
    const configFile = path.join(dir, 'gimli.json5');
    const main = await freePort();
    const write = (specs: object) =>
      fs.writeFileSync(
        configFile,
        JSON.stringify({ gateway: { port: main }, agents: { defaults: { model: 'echo/echo' } }, specs }),
      );
    const { createGimli } = await nativeGimli();
    const log = pino({ level: 'silent' });
    write({ port: Number(port), secret });
    await expect(createGimli({ configFile, log, env: {} })).rejects.toThrow(
      new RegExp(
        `^specs\\.port: cannot listen on 127\\.0\\.0\\.1: .*EADDRINUSE: address already in use 127\\.0\\.0\\.1:${port}$`,
      ),
    );
    write({ port: 0, secret });
    const gimli = await createGimli({ configFile, log, env: {} });
    expect(gimli.url).toBe(`http://127.0.0.1:${main}`);
    await gimli.stop();
  });

  it('but not by a secret in the environment that nothing needs', async () => {
    expect(await refusal({}, { WEBHOOK_SECRET: secret })).toBe('it started');
  });
});

it('without a port and with hooks off, specs are not served', async () => {
  const gateway = await withOwnPort({ hooks: { enabled: false } });
  expect(gateway.gimli.specsUrl).toBeUndefined();
  expect(await callSpec(gateway.url, hookToken, 'ci')).toMatchObject({ status: 404 });
});

it('a broken spec does not stop a start', async () => {
  const dir = tempDir();
  writeSpec(dir, 'good.md', { id: 'good' });
  fs.writeFileSync(path.join(dir, 'specs/README.md'), '# Our specs\n');
  const gateway = await startGateway(dir);
  atEnd(() => gateway.stop());
  expect(gateway.logs).toContainEqual(
    expect.objectContaining({
      level: 50,
      msg: 'specs do not load',
      problems: [expect.stringContaining('README.md:1: expected a line "---"')],
    }),
  );
  expect((await callSpec(gateway.url, hookToken, 'good')).status).toBe(202);
  expect(await lastEvent(gateway)).toMatchObject({ outcome: 'accepted' });
});
