import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, it, jest } from '@jest/globals';
import { cliIn } from '../support/cli.ts';
import { tempDir } from '../support/temp-dir.ts';

jest.setTimeout(60_000);

const hooks = { enabled: true, token: 'a-hook-token' };
const agents = { defaults: { model: 'echo/echo' } };
const good = { gateway: { port: 0 }, hooks, agents };
/** No JSON5, a core that is wrong, a variable that is not set, a key that is written twice. */
const broken = [
  '{ hooks: { enabled: true, ',
  JSON.stringify({ ...good, gateway: { port: 'x' } }),
  JSON.stringify({ ...good, gateway: { token: '${NOT_SET}' } }),
  JSON.stringify(good).replace('"hooks":', '"hooks":{"enabled":false},"hooks":'),
];

/** A folder with a config that loads. */
function folder() {
  const dir = tempDir();
  const write = (text: string) => fs.writeFileSync(path.join(dir, 'gimli.json5'), text);
  write(JSON.stringify(good));
  return { dir, write, cli: cliIn(dir) };
}

async function call(url: string): Promise<void> {
  const headers = { Authorization: `Bearer ${hooks.token}`, 'Content-Type': 'application/json' };
  const body = JSON.stringify({ message: 'Say hello', name: 'A known run' });
  expect((await fetch(`${url}/hooks/agent`, { method: 'POST', headers, body })).status).toBe(202);
}

describe('commands that look at what is stored', () => {
  it('have a way in where the config has no gateway.token', async () => {
    const { cli, dir } = folder();
    const gateway = await cli.start();
    await call(gateway.url);
    expect(await cli.run('runs')).toMatchObject({
      code: 0,
      stderr: '',
      stdout: expect.stringContaining('A known run'),
    });
    const holder = path.join(dir, 'data/gimli.db-holder');
    expect(fs.statSync(holder).mode & 0o777).toBe(0o600);
    for (const token of ['', 'undefined', hooks.token]) {
      const headers = { Authorization: `Bearer ${token}` };
      expect((await fetch(`${gateway.url}/api/runs`, { headers })).status).toBe(401);
    }
    await gateway.stop();
  });

  it('work with a config that does not load, whether a gateway runs or not', async () => {
    const { cli, write } = folder();
    const gateway = await cli.start();
    await call(gateway.url);
    const note = /^note: gimli\.json5 does not load \(gimli\.json5:\d+: .*\); showing what is stored\n$/;
    const expected = { code: 0, stderr: expect.stringMatching(note) };
    const known = { ...expected, stdout: expect.stringContaining('A known run') };
    for (const text of broken) {
      write(text);
      const answers = await Promise.all(['runs', 'events'].map((name) => cli.run(name)));
      expect(answers).toMatchObject([known, expected]);
    }
    await gateway.stop();

    for (const text of broken) {
      write(text);
      expect(await cli.run('runs')).toMatchObject(known);
    }
    for (const name of ['sessions', 'workflows', 'costs']) expect(await cli.run(name)).toMatchObject(expected);
    const events = JSON.parse((await cli.run('events', 'list', '--json')).stdout).events;
    const replayed = await cli.run('events', 'replay', events[0].eventId);
    expect(replayed).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/this needs a config that loads:\ngimli/),
    });
  });

  it('find the store that such a config names', async () => {
    const { cli, write } = folder();
    const store = { url: 'sqlite:other/place.db' };
    write(JSON.stringify({ ...good, store }));
    const gateway = await cli.start();
    await call(gateway.url);
    await gateway.stop();
    for (const text of [
      JSON.stringify({ ...good, store, log: { level: 'x' } }),
      `{ store: { url: "${store.url}" }, x`,
    ]) {
      write(text);
      expect((await cli.run('runs')).stdout).toContain('A known run');
    }
  });

  it('make no store where there is none', async () => {
    const { cli, dir, write } = folder();
    write('{');
    expect(await cli.run('runs')).toMatchObject({ code: 2, stderr: expect.stringMatching(/^gimli\.json5:1: /) });
    expect(fs.readdirSync(dir)).toEqual(['gimli.json5']);
  });
});

describe('gimli check', () => {
  it('names everything that is wrong with parts, each once, and fails', async () => {
    const { cli, dir, write } = folder();
    fs.mkdirSync(path.join(dir, 'transforms'));
    fs.writeFileSync(path.join(dir, 'transforms/bad.ts'), 'export default (');
    fs.writeFileSync(path.join(dir, 'shop.json5'), '{ mappings: [');
    const mappings = [
      { id: 'good', match: { path: 'good' }, messageTemplate: 'x' },
      { id: 'a', match: { path: 'a' }, messageTemplate: '{{#x}}' },
      { id: 'b', match: { path: 'b' }, messageTemplate: 'x', name: '${NOT_SET}' },
      { id: 'c', match: { path: 'c' }, transform: { module: 'bad.ts' } },
    ];
    const presets = ['github', './shop.json5'];
    write(
      JSON.stringify(
        { ...good, hooks: { ...hooks, presets, mappings }, agents: { defaults: { foo: 1 } }, colour: 1 },
        null,
        1,
      ),
    );
    const { code, stdout, stderr } = await cli.run('check');
    expect(code).toBe(1);
    const lines = stderr.trimEnd().split('\n');
    const wanted = [
      /mappings\[1\]\.messageTemplate/,
      /NOT_SET/,
      /bad\.ts/,
      /GITHUB_WEBHOOK_SECRET/,
      /shop\.json5/,
      /foo/,
      /colour/,
    ];
    expect(wanted.filter((one) => !lines.some((line) => one.test(line)))).toEqual([]);
    expect(new Set(lines).size).toBe(lines.length);
    expect(stdout).toMatch(/^good +token +good +config +agent$/m);
    expect(stdout).toMatch(/^a +token +a +config +nothing: it does not load$/m);
    const shown = JSON.parse((await cli.run('check', '--json')).stdout);
    expect(shown).toMatchObject({ ok: false, problems: lines });
  });

  it('names keys that are written twice, with the line of the first', async () => {
    const { cli, write } = folder();
    const twice = (text: string) => `{\n  hooks: {\n    enabled: true, token: 'a',\n${text}\n  },\n}`;
    write(twice('    mappings: [],\n    mappings: [],'));
    expect(await cli.run('check')).toMatchObject({
      code: 2,
      stderr: 'gimli.json5:5: hooks.mappings: written twice (first in line 4)\n',
    });
    write(twice("    mappings: [{ match: { path: 'a' },\n      messageTemplate: 'x',\n      messageTemplate: 'y' }],"));
    expect(await cli.run('check')).toMatchObject({
      code: 1,
      stderr: 'gimli.json5:6: hooks.mappings[0].messageTemplate: written twice (first in line 5)\n',
    });
  });
});
