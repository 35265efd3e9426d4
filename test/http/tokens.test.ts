import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { request } from '../../src/cli/client.ts';
import { loadConfig } from '../../src/config/load.ts';
import { ConfigError } from '../../src/domain/errors.ts';
import { createVerifier } from '../../src/verify/verifiers.ts';
import { cliIn } from '../support/cli.ts';
import { connect } from '../support/raw.ts';
import { tempDir } from '../support/temp-dir.ts';
import { tempGateway } from '../support/temp-gateway.ts';

const quiet = { deliver: false, updateMainSession: 'blocked', messageTemplate: 'x' };
const body = '{"text":"hi","mode":"next-heartbeat"}';

/** Posts with these bytes in a header, and gives the status. */
async function postBytes(url: string, target: string, header: string, value: Buffer): Promise<number> {
  const connection = connect(url);
  connection.write(
    `POST ${target} HTTP/1.1\r\nHost: gimli\r\nConnection: close\r\nContent-Length: ${body.length}\r\n${header}: `,
  );
  connection.write(value);
  connection.write(`\r\n\r\n${body}`);
  return Number(/^HTTP\/1\.1 (\d+)/.exec(await connection.ended)?.[1]);
}

/** A gateway whose every token is `token`, and what has to be sent in which header to which place. */
async function gatewayWith(token: string) {
  const verify = (scheme: string, more: object = {}) => ({
    id: scheme,
    match: { path: scheme },
    verify: { scheme, secret: token, ...more },
    ...quiet,
  });
  const mappings = [verify('token', { header: 'X-Key' }), verify('gitlab'), verify('basic', { user: 'zoë' })];
  const config = {
    gateway: { token: `${token} of the owner` },
    hooks: { token, mappings },
    specs: { dir: 'specs', port: 0, secret: token },
  };
  const gateway = await tempGateway(config, (dir) => {
    fs.mkdirSync(path.join(dir, 'specs'));
    fs.writeFileSync(path.join(dir, 'specs', 'ring.md'), '---\nid: ring\n---\nhi\n');
  });
  const bearer = (bytes: Buffer) => Buffer.concat([Buffer.from('Bearer '), bytes]);
  const inBasic = (bytes: Buffer, encoding: BufferEncoding) =>
    Buffer.from(`Basic ${Buffer.concat([Buffer.from('zoë:', encoding), bytes]).toString('base64')}`);
  const { url, specsUrl = '' } = gateway.gimli;
  /** The statuses at each place of the token as these bytes. */
  const statuses = async (encoding: BufferEncoding) => {
    const bytes = Buffer.from(token, encoding);
    const owners = Buffer.from(`${token} of the owner`, encoding);
    return {
      hooks: await postBytes(url, '/hooks/wake', 'Authorization', bearer(bytes)),
      own: await postBytes(url, '/hooks/wake', 'X-Gimli-Token', bytes),
      api: await postBytes(url, '/api/pause', 'Authorization', bearer(owners)),
      specs: await postBytes(specsUrl, '/hook/ring', 'Authorization', bearer(bytes)),
      token: await postBytes(url, '/hooks/token', 'X-Key', bytes),
      gitlab: await postBytes(url, '/hooks/gitlab', 'X-Gitlab-Token', bytes),
      basic: await postBytes(url, '/hooks/basic', 'Authorization', inBasic(bytes, encoding)),
    };
  };
  return { gateway, statuses };
}

const accepted = { hooks: 200, own: 200, api: 200, specs: 202, token: 202, gitlab: 202, basic: 202 };
const refused = { hooks: 401, own: 401, api: 401, specs: 401, token: 401, gitlab: 401, basic: 401 };

describe('a token with letters beyond ASCII', () => {
  // The last byte of the second in UTF-8 is what Latin-1 takes for a blank.
  it.each(['tökén-geheim-of-twenty', 'a token with a voilà'])('passes as UTF-8 and as Latin-1: %s', async (token) => {
    const { gateway, statuses } = await gatewayWith(token);
    expect(await statuses('utf8')).toEqual(accepted);
    expect(await statuses('latin1')).toEqual(accepted);
    const query = `/hooks/wake?token=${encodeURIComponent(token)}`;
    expect(await postBytes(gateway.url, query, 'X-A', Buffer.from('b'))).toBe(200);
  });

  it('beyond Latin-1 passes as UTF-8 alone', async () => {
    const { statuses } = await gatewayWith('ключ от двери и šum 🗝');
    expect(await statuses('utf8')).toEqual(accepted);
    // Of each letter the low byte.
    expect(await statuses('latin1')).toEqual(refused);
  });

  it('is sent by commands as it is configured', async () => {
    const { gateway } = await gatewayWith('ключ от двери и šum 🗝');
    const { run } = cliIn(gateway.dir);
    for (const hook of ['wake', 'token', '/hook/ring']) {
      const sent = await run('send', hook, '--json', body);
      expect({ hook, ...sent }).toMatchObject({ hook, code: 0, stdout: expect.stringMatching(/^20[02] /), stderr: '' });
    }
  });
});

it('a call that cannot be made is not blamed on the gateway, and says which header it is about, and not what is in it', async () => {
  const failed = request('http://127.0.0.1:9', { headers: { accept: '*/*', 'x-key': 'geheim\n' + 'geheim' } });
  await expect(failed).rejects.toThrow(/the header x-key has a line break/);
  await failed.catch(({ message }) => expect(message).not.toMatch(/geheim|no gateway/));
  await expect(request('http://127.0.0.1:9', {})).rejects.toThrow(/no gateway answers/);
});

describe('a token that was pasted with what is round it', () => {
  const token = 'a token of twenty letters';

  it.each([` ${token} `, `${token}\n`, `"${token}"`, `\uFEFF'${token}'\r\n`])(
    'counts without it, and is named in a warning: %j',
    async (pasted) => {
      const verify = { scheme: 'stripe', secrets: [pasted] };
      const gateway = await tempGateway({
        hooks: { token: pasted, mappings: [{ id: 's', match: { path: 's' }, verify, ...quiet }] },
      });
      expect(await postBytes(gateway.url, '/hooks/wake', 'Authorization', Buffer.from(`Bearer ${token}`))).toBe(200);
      const event = Buffer.from('{"id":"evt_1"}');
      const headers =
        createVerifier({ scheme: 'stripe', secret: token }).sign?.(event, { id: '', now: Date.now() }) ?? {};
      expect((await fetch(`${gateway.url}/hooks/s`, { method: 'POST', headers, body: event })).status).toBe(202);
      const warned = gateway.logs.filter(({ level }) => level === 40).map(({ msg }) => String(msg));
      expect(warned).toContainEqual(expect.stringMatching(/gimli\.json5:\d+: hooks\.token: has (blanks|quotes)/));
      const place = /gimli\.json5:\d+: hooks\.mappings\[0\]\.verify\.secrets\[0\]: has (blanks|quotes)/;
      expect(warned).toContainEqual(expect.stringMatching(place));
      expect(warned.join()).not.toContain(token);
    },
  );
});

it('a short token is taken, with a warning that names its variable once, also of a preset', async () => {
  const dir = tempDir();
  const mapping = (id: string) => ({
    id,
    match: { path: id },
    verify: { scheme: 'github', secret: '${SHORT}' },
    ...quiet,
  });
  const hooks = { enabled: true, token: '${HOOKS}', presets: ['github'], mappings: [mapping('a'), mapping('b')] };
  fs.writeFileSync(path.join(dir, 'gimli.json5'), JSON.stringify({ hooks, gateway: { token: 'x'.repeat(20) } }));
  fs.writeFileSync(path.join(dir, '.env'), 'HOOKS=secret\nSHORT=short\nGITHUB_WEBHOOK_SECRET=tiny\n');
  const { stdout, code } = await cliIn(dir).run('check');
  expect(code).toBe(0);
  expect(stdout.split('\n').filter((line) => /^warning: .*is short/.test(line))).toEqual([
    expect.stringContaining('hooks.token: HOOKS is short, 6 of'),
    expect.stringContaining('SHORT is short, 5 of'),
    expect.stringContaining('the preset "github": GITHUB_WEBHOOK_SECRET is short, 4 of'),
  ]);
  expect(stdout).not.toMatch(/tiny|=short|: secret/);
  const doctor = (await cliIn(dir).run('doctor')).stdout;
  for (const name of ['HOOKS', 'SHORT', 'GITHUB_WEBHOOK_SECRET']) expect(doctor).toContain(`${name} is short`);
});

describe('a token that cannot be used is refused with words', () => {
  it.each<[string, object, RegExp]>([
    ['a blank one', { hooks: { token: ' ' } }, /hooks\.token: expected a non-blank string/],
    ['nothing but quotes', { hooks: { token: '""' } }, /hooks\.token: expected a non-blank string/],
    ['a blank one of the owner', { gateway: { token: '\n' } }, /gateway\.token: expected a non-blank string/],
    ['a line break within', { hooks: { token: 'a token\nof two lines' } }, /hooks\.token: has a line break/],
    [
      'a line break within, of the owner',
      { gateway: { token: 'a token\nof two lines' } },
      /gateway\.token: has a line break/,
    ],
    [
      'a line break within, of specs',
      { specs: { port: 0, secret: 'a token\nof two lines' } },
      /specs\.secret: has a line break/,
    ],
    [
      'the same for two, but for what is round it',
      { gateway: { token: ' same ' }, hooks: { token: 'same' } },
      /found the one of gateway\.token/,
    ],
    [
      'a line break within, of a sender',
      {
        hooks: {
          mappings: [
            { match: { path: 'a' }, verify: { scheme: 'token', header: 'X', secret: 'two\nlines' }, ...quiet },
          ],
        },
      },
      /verify\.secret: has a line break/,
    ],
  ])('%s', (_, config, message) => {
    const dir = tempDir();
    const whole = {
      ...config,
      hooks: { enabled: true, token: 'x'.repeat(20), ...(config as { hooks?: object }).hooks },
    };
    fs.writeFileSync(path.join(dir, 'gimli.json5'), JSON.stringify(whole));
    expect(() => loadConfigOrParts(path.join(dir, 'gimli.json5'))).toThrow(message);
  });
});

/** Loads a config as a start does; what would be left out of it counts, too. */
function loadConfigOrParts(file: string): void {
  const { leftOut, locate } = loadConfig(file, {});
  const problems = leftOut.flatMap((part) => locate(part.problems));
  if (problems.length > 0) throw new ConfigError(problems);
}
