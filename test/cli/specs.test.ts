import fs from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it, jest } from '@jest/globals';
import { cliIn } from '../support/cli.ts';
import { writeSpec } from '../support/specs.ts';
import { tempDir } from '../support/temp-dir.ts';

jest.setTimeout(60_000);

const examples = path.join(import.meta.dirname, '../../config/examples');
const dir = tempDir();
const cli = cliIn(dir);
const config = {
  gateway: { port: 0, token: 'gateway-token-of-the-test' },
  hooks: { enabled: true, token: 'hook-token-of-the-test' },
  agents: { defaults: { model: 'echo/echo', heartbeat: { every: '0m' } } },
};
const writeConfig = (name: string, change: object = {}) =>
  fs.writeFileSync(path.join(dir, name), JSON.stringify({ ...config, ...change }));

beforeAll(() => {
  writeConfig('gimli.json5');
  writeSpec(dir, 'ci.md', { id: 'github-ci' });
});

describe('gimli check', () => {
  it('shows each spec where it is called', async () => {
    const { code, stdout } = await cli.run('check');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^\/hook\/github-ci +token +spec:github-ci +spec +agent, screened$/m);
    expect(stdout).toMatch(/the config is fine\n$/);
  });

  it('fails where one is broken, with file and line, and shows the others', async () => {
    const broken = writeSpec(dir, 'broken.md', { id: 'broken' }, 'See {repo}.');
    const { code, stdout, stderr } = await cli.run('check');
    expect(code).toBe(1);
    expect(stderr).toBe(
      'specs/broken.md:5: {repo} is no declared field: fields.properties declares none (\\{repo} stands for the text itself)\n',
    );
    expect(stdout).toContain('/hook/github-ci');
    expect(stdout).not.toContain('/hook/broken');
    const json = await cli.run('check', '--json');
    expect(json.code).toBe(1);
    expect(JSON.parse(json.stdout)).toMatchObject({
      ok: false,
      problems: [expect.stringMatching(/^specs\/broken\.md:5: /)],
      warnings: [],
      mappings: expect.arrayContaining([expect.objectContaining({ hook: '/hook/github-ci', origin: 'spec' })]),
    });
    fs.rmSync(broken);
  });

  it('finds nothing wrong with the examples', async () => {
    fs.mkdirSync(path.join(dir, 'examples'));
    fs.cpSync(examples, path.join(dir, 'examples'), { recursive: true });
    const env = cliIn(dir, { GIMLI_HOOK_TOKEN: 'hook-token-of-the-test' });
    const { code, stdout, stderr } = await env.run('check', '--config', 'examples/specs.json5');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const found = fs.readdirSync(path.join(examples, 'specs')).map((file) => `/hook/${path.basename(file, '.md')}`);
    expect(found.length).toBeGreaterThanOrEqual(3);
    expect(stdout.match(/^\/hook\/\S+/gm)?.toSorted()).toEqual(found.toSorted());
  });
});

describe('gimli send /hook/<id>', () => {
  it.each<[string, string, object]>([
    ['calls a spec on the port of the gateway', 'gimli.json5', {}],
    [
      'calls a spec on a port of its own',
      'own-port.json5',
      { specs: { port: 0, secret: 'secret-of-the-specs' }, store: { url: 'sqlite:own-port.db' } },
    ],
  ])('%s', async (_, name, change) => {
    writeConfig(name, change);
    const gateway = await cli.serve('--config', name);
    const send = (...args: string[]) => cli.run('send', '--config', name, ...args);
    expect(await send('/hook/github-ci', '--json', '{}')).toMatchObject({
      code: 0,
      stdout: '202 Accepted\n{"status":"accepted"}\n',
    });
    expect(await send('/hook/nobody', '--json', '{}')).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('404 Not Found\n{"error":"webhook not found: nobody"}'),
    });
    expect(await send('/hook/github-ci', '--sample')).toMatchObject({
      code: 1,
      stderr: 'a spec has no sample: give --json or --file\n',
    });
    const events = await cli.run('events', 'list', '--config', name);
    expect(events.stdout).toMatch(/ \/hook\/github-ci +accepted +spec:github-ci$/m);
    if ('specs' in change) expect(gateway.output()).toMatch(/^Specs answer at http:\/\/127\.0\.0\.1:\d+\/hook\/<id>$/m);
    else expect(gateway.output()).not.toContain('Specs answer at');
    await gateway.kill('SIGTERM');
  });

  it('says so where the gateway serves none', async () => {
    writeConfig('off.json5', { hooks: { enabled: false }, store: { url: 'sqlite:off.db' } });
    const gateway = await cli.serve('--config', 'off.json5');
    expect(await cli.run('send', '--config', 'off.json5', '/hook/github-ci', '--json', '{}')).toMatchObject({
      code: 1,
      stderr: 'the gateway serves no specs: set hooks.enabled, or specs.port\n',
    });
    await gateway.kill('SIGTERM');
  });
});

it('gimli serve refuses to start with a port for specs and no secret', async () => {
  const env = cliIn(dir, { WEBHOOK_PORT: '0' });
  const { code, stderr } = await env.run('serve');
  expect(code).toBe(2);
  expect(stderr).toContain('set WEBHOOK_SECRET');
});
