import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, it, jest } from '@jest/globals';
import { openSqliteStore } from '../../src/store/sqlite/sqlite-store.ts';
import { builtCli } from '../support/built-cli.ts';
import { cliIn } from '../support/cli.ts';
import { freePort } from '../support/free-port.ts';
import { tempDir } from '../support/temp-dir.ts';

jest.setTimeout(60_000);

const dir = tempDir();
const cli = builtCli(dir);
const here = cliIn(dir);

function writeConfig(name: string, config: object): string {
  fs.writeFileSync(path.join(dir, name), JSON.stringify(config));
  return name;
}

describe('gimli serve', () => {
  it('refuses the store of another gateway, and says whose it is', async () => {
    const first = await cli.serve('--config', writeConfig('first.json5', { gateway: { port: 0 } }));
    const second = await cli.run('serve', '--config', writeConfig('second.json5', { gateway: { port: 0 } }));
    expect(second).toMatchObject({
      code: 2,
      stderr: expect.stringContaining(`in use by another gimli (process ${first.pid}) at ${first.url}.`),
    });
    expect(second.stderr).toContain('data/gimli.db');
    expect((await fetch(`${first.url}/readyz`)).status).toBe(200);

    const port = Number(new URL(first.url).port);
    const store = { store: { url: 'sqlite:other.db' } };
    const third = await cli.run('serve', '--config', writeConfig('third.json5', store), '--port', String(port));
    expect(third).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^gateway\.port: cannot listen on 127\.0\.0\.1: .*in use/),
    });
    expect(third.stderr).toContain(String(port));
    expect((await first.kill('SIGTERM')).code).toBe(0);
  });

  it('names proxies that are no addresses, as "check" does', async () => {
    const name = writeConfig('proxies.json5', { gateway: { port: 0, trustProxy: 'garbage' } });
    const answers = await Promise.all(['serve', 'check'].map((command) => cli.run(command, '--config', name)));
    const stderr = expect.stringMatching(/^proxies\.json5:1: gateway\.trustProxy: expected .*"garbage"\n$/);
    for (const answer of answers) expect(answer).toEqual({ code: 2, stdout: '', stderr });
  });

  it('starts again on the store of a gateway that was killed', async () => {
    const config = writeConfig('killed.json5', { gateway: { port: 0 }, store: { url: 'sqlite:killed.db' } });
    await (await cli.serve('--config', config)).kill('SIGKILL');
    const again = await cli.serve('--config', config);
    expect((await fetch(`${again.url}/readyz`)).status).toBe(200);
    await again.kill('SIGTERM');
  });

  it.each(['serve', 'check'])('names everything that is wrong with the config, with lines (%s)', async (command) => {
    fs.writeFileSync(
      path.join(dir, 'bad.json5'),
      "{\n  hooks: {\n    enabled: 'x',\n    tokn: 'a',\n  },\n  gatway: {},\n  store: { url: '${NOT_SET}' },\n}\n",
    );
    const { code, stdout, stderr } = await cli.run(command, '--config', 'bad.json5');
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr.trimEnd().split('\n')).toEqual([
      expect.stringMatching(/^bad\.json5:3: hooks\.enabled: expected true or false, found "x"/),
      expect.stringMatching(/^bad\.json5:4: hooks\.tokn: unknown key; did you mean "token"\?/),
      expect.stringMatching(/^bad\.json5:6: gatway: unknown key; did you mean "gateway"\?/),
      expect.stringMatching(/^bad\.json5:7: store\.url: the variable NOT_SET is not set/),
    ]);
  });

  it('needs a folder that it can write to for its store', async () => {
    fs.writeFileSync(path.join(dir, 'a-file'), '');
    const config = writeConfig('blocked.json5', { store: { url: 'sqlite:a-file/gimli.db' } });
    const { code, stderr } = await cli.run('serve', '--config', config, '--port', '0');
    expect(code).toBe(2);
    expect(stderr).toMatch(/^cannot use the store .*a-file\/gimli\.db: /);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  });
});

describe('gimli', () => {
  const cases: [args: string[], code: number, stderr: RegExp][] = [
    [['check'], 2, /^no config found at .*gimli\.json5 or .*make one with "gimli init"/],
    [['check', '--config', 'none.json5'], 2, /^none\.json5: there is no such file/],
    [['nosuch'], 1, /unknown command 'nosuch'/],
    [['serve', '--bogus'], 1, /unknown option '--bogus'/],
    [['serve', '--port', 'x'], 1, /whole number from 0 to 65535/],
    [['send'], 1, /missing required argument 'hook'/],
  ];
  it('fails with its code and says why, where it is called in a way that cannot work', async () => {
    const answers = await Promise.all(cases.map(([args]) => here.run(...args)));
    const expected = cases.map(([, code, stderr]) => ({ code, stdout: '', stderr: expect.stringMatching(stderr) }));
    expect(answers).toEqual(expected);
  });

  it('send fails where there is nothing to send, nothing that answers, or the answer is no', async () => {
    const config = { gateway: { port: await freePort() }, hooks: { enabled: true, token: 'a', presets: ['gmail'] } };
    const name = writeConfig('send.json5', { ...config, store: { url: 'sqlite:send.db' } });
    const send = (...args: string[]) => here.run('--config', name, 'send', ...args);
    const failed = (stderr: RegExp) => ({ code: 1, stderr: expect.stringMatching(stderr) });

    const answers = await Promise.all([
      send('agent'),
      send('agent', '--json', '{'),
      send('agent', '--file', 'none.json'),
      send('gmail', '--sample', 'x'),
      send('agent', '--json', '{}'),
    ]);
    expect(answers).toMatchObject([
      failed(/one of --sample, --file and --json/),
      failed(/--json is not JSON/),
      failed(/cannot read none\.json/),
      failed(/gmail has no sample "x"; it has \w+/),
      failed(/no gateway runs .*gimli serve/),
    ]);

    const gateway = await cli.serve('--config', name);
    const refused = await send('agent', '--json', '{}');
    expect(refused).toMatchObject(failed(/refused/));
    expect(refused.stdout).toMatch(/^400 Bad Request\n.*message required/);
    await gateway.kill('SIGTERM');
  });

  it('says so where the gateway that has the store is about to listen, or does not answer any more', async () => {
    const name = writeConfig('silent.json5', { gateway: { token: 'a' }, store: { url: 'sqlite:silent.db' } });
    const runs = () => cli.run('runs', '--config', name);
    const store = await openSqliteStore(path.join(dir, 'silent.db'));
    expect(await runs()).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/in use by another gimli \(process \d+\)\./),
    });
    const url = `http://127.0.0.1:${await freePort()}`;
    store.announce({ url });
    expect(await runs()).toMatchObject({ code: 1, stderr: expect.stringContaining(`no gateway answers at ${url}`) });
    await store.close();
    expect(await runs()).toMatchObject({ code: 0, stdout: 'no runs\n' });
  });

  it('prints its help and succeeds', async () => {
    const { code, stdout } = await here.run('--help');
    expect(code).toBe(0);
    for (const command of ['init', 'serve', 'check', 'send', 'runs', 'events'])
      expect(stdout).toContain(`\n  ${command}`);
  });
});
