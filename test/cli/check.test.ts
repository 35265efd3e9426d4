import fs from 'node:fs';
import path from 'node:path';
import { expect, it } from '@jest/globals';
import { cliIn } from '../support/cli.ts';
import { tempDir } from '../support/temp-dir.ts';

const dir = tempDir();
const cli = cliIn(dir);
const channels = { owner: { channel: 'log' } };

it('warns of mappings that give strangers much', async () => {
  const mappings = [
    { id: 'trusting', match: { path: 'a' }, messageTemplate: '{{x}}', allowUnsafeExternalContent: true },
    { id: 'mighty', match: { path: 'b' }, messageTemplate: '{{x}}', tools: ['read', 'bash'] },
    { id: 'modest', match: { path: 'c' }, messageTemplate: '{{x}}', tools: ['read'] },
  ];
  const config = {
    hooks: { enabled: true, token: 'a-token-of-twenty-letters', mappings },
    agents: { defaults: { model: 'echo/echo' } },
    channels,
  };
  fs.writeFileSync(path.join(dir, 'gimli.json5'), JSON.stringify(config));
  const { code, stdout } = await cli.run('check', '--json');
  expect(code).toBe(0);
  expect(JSON.parse(stdout).warnings).toEqual([
    expect.stringMatching(/^trusting: allowUnsafeExternalContent /),
    expect.stringMatching(/^mighty: bash lets a run do whatever /),
  ]);
});

it('warns of models that a budget does not count, and of those whose size is not known', async () => {
  const defaults = { model: 'sonnet', fallbacks: ['ollama/qwen3:8b'], budget: { perDay: 5 } };
  fs.writeFileSync(path.join(dir, 'gimli.json5'), JSON.stringify({ agents: { defaults } }));
  const { stdout } = await cli.run('check', '--json');
  expect(JSON.parse(stdout).warnings).toEqual([
    'agents.defaults.budget does not count what ollama/qwen3:8b costs: its price is not known; say it in agents.prices',
    'how much ollama/qwen3:8b can read at once is not known: a prompt may be cut or refused. Set agents.providers.ollama.contextTokens',
  ]);
});

it('shows what starts a workflow, and which of them a request may start by id', async () => {
  const steps = [{ id: 'a', message: 'x' }];
  const mappings = [
    { id: 'own', match: { path: 'own' }, action: 'workflow', steps, screen: true },
    { id: 'named', match: { path: 'named' }, action: 'workflow', workflow: 'chain', forEach: 'items', rate: '9/h' },
  ];
  const workflows = { chain: { steps: [...steps, { id: 'b', message: '{{steps.a.outputText}}' }] }, short: { steps } };
  const agents = {
    defaults: { model: 'sh/x', tools: ['command'] },
    providers: { sh: { api: 'command', command: 'cat' } },
  };
  const write = (more: object) => {
    const config = {
      hooks: { enabled: true, token: 'a-token-of-twenty-letters', mappings },
      workflows,
      agents,
      ...more,
    };
    fs.writeFileSync(path.join(dir, 'gimli.json5'), JSON.stringify(config));
  };
  write({});
  const { stdout } = await cli.run('check');
  expect(stdout).toMatch(/^own +token +own +config +workflow of 1 step, screened$/m);
  expect(stdout).toMatch(/^named +token +named +config +workflow chain for each of items, 9\/h$/m);
  expect(stdout).toMatch(/^workflow +token +builtin:workflow +builtin +workflow$/m);
  expect(stdout).toMatch(/^workflows that a request may start by id: chain \(2 steps\), short \(1 step\)$/m);
  const shown = JSON.parse((await cli.run('check', '--json')).stdout);
  expect(shown.workflows).toEqual([
    { id: 'chain', steps: 2 },
    { id: 'short', steps: 1 },
  ]);
  const { tools: _, ...defaults } = agents.defaults;
  write({ agents: { ...agents, defaults } });
  const refused = await cli.run('check');
  expect(refused.code).toBe(1);
  expect(refused.stderr).toMatch(
    /hooks\.mappings\[0\]: the default model runs a command, for which .*\n.*mappings\[1\]: the/,
  );
});

it('shows the names of variables, and nothing of what they hold', async () => {
  const folder = tempDir();
  const held = {
    SEKRET: 'provider/s3kret-in-the-wrong-place',
    HEADER: 'literal-of-a-header',
    SHORT: 'abc',
    NUMBER: '987654',
    TOKEN: 'token-of-the-hooks',
  };
  const env = Object.entries(held).map(([name, value]) => `${name}=${value}\n`);
  fs.writeFileSync(path.join(folder, '.env'), env.join(''), { mode: 0o600 });
  const write = (model: string, more: object = {}) =>
    fs.writeFileSync(
      path.join(folder, 'gimli.json5'),
      JSON.stringify({
        hooks: {
          enabled: true,
          token: '${TOKEN}',
          mappings: [
            {
              match: { path: 'x', headers: { 'x-kind': '${HEADER}' }, payload: { a: '${SHORT}' } },
              messageTemplate: 'x',
              ...more,
            },
          ],
        },
        agents: { defaults: { model }, mcpServers: { one: { command: 'x', env: { A: '${NUMBER}' } } } },
      }),
    );
  const all = cliIn(folder);
  write('${SEKRET}');
  const bad = await all.run('check');
  expect(bad.code).not.toBe(0);
  expect(bad.stderr).toContain('${SEKRET}');
  write('echo/${SHORT}', { thinking: '${NUMBER}' });
  const left = await all.run('check');
  expect(left.code).toBe(1);
  write('echo/echo');
  const good = await all.run('check');
  const json = await all.run('check', '--json');
  expect(good.code).toBe(0);
  expect(good.stdout).toContain('headers.x-kind is "${HEADER}"');
  expect(JSON.parse(json.stdout).mappings[0].when).toContain('a is "${SHORT}"');
  const printed = [bad, left, good, json].map(({ stdout, stderr }) => stdout + stderr).join('');
  const shown = Object.values(held).filter((value) => printed.includes(value));
  expect(shown.filter((value) => value !== 'abc')).toEqual([]);
});

it('warns of an .env that others may read, with the command that mends it, and of headers that never travel', async () => {
  const folder = tempDir();
  const file = path.join(folder, '.env');
  fs.writeFileSync(file, 'A=b\n');
  fs.chmodSync(file, 0o644);
  const mappings = [{ id: 'nosy', match: { path: 'x' }, messageTemplate: '{{headers.X-Api-Key}} {{headers.x-mine}}' }];
  fs.writeFileSync(
    path.join(folder, 'gimli.json5'),
    JSON.stringify({ hooks: { enabled: true, token: 'a-token-of-the-hooks-that-is-long', mappings } }),
  );
  const { stdout } = await cliIn(folder).run('check', '--json');
  expect(JSON.parse(stdout).warnings).toEqual([
    'gimli.json5:1: hooks.mappings[0].messageTemplate: {{headers.X-Api-Key}} never has a value: this header is a secret of the sender, and is not shown',
    expect.stringContaining('channels.owner'),
    `other users of this machine may read ${file}, and what is secret in it; mend it with: chmod 600 ${file}`,
  ]);
});

it('says once of each thing that it does not do what it says, in the log of the gateway as well', async () => {
  const folder = tempDir();
  const write = (rules: string) =>
    fs.writeFileSync(
      path.join(folder, 'gimli.json5'),
      `{ gateway: { port: 0 }, hooks: { enabled: true, token: 'a-hook-token-of-the-test', mappings: [\n${rules} ] },\nagents: { defaults: { model: 'echo/echo' } } }`,
    );
  write("{ match: { path: 'a*' }, messageTemplate: '{where}' }");
  const { run, serve } = cliIn(folder);
  const { code, stdout } = await run('check');
  const expected = [
    'gimli.json5:2: hooks.mappings[0].match.path: "a*" is a name and no pattern',
    'gimli.json5:2: hooks.mappings[0].messageTemplate: {where} is shown as it stands; a value is {{where}}',
    'gimli.json5:1: channels.owner: missing: replies of 1 mapping go nowhere',
  ];
  expect(code).toBe(0);
  for (const line of expected) expect(stdout.split(line)).toHaveLength(2);
  expect(stdout).toMatch(/\nthe config loads; see the warnings above\n$/);
  expect((await run('check', '--json')).stdout).toContain('{where} is shown as it stands');

  const gateway = await serve();
  for (const line of expected) expect(gateway.output().split(line.replaceAll('"', '\\"'))).toHaveLength(2);
  await gateway.kill('SIGTERM');
});

it('warns of names that stand twice in .env, and of keys that stand twice in what it sends', async () => {
  const folder = tempDir();
  const config = { gateway: { port: 0 }, hooks: { enabled: true, token: '${TOKEN}' }, channels };
  fs.writeFileSync(path.join(folder, 'gimli.json5'), JSON.stringify(config));
  fs.writeFileSync(
    path.join(folder, '.env'),
    'TOKEN=a-hook-token-of-the-test\nKEY="a\nTOKEN=x\nb"\n# TOKEN=y\n\nexport TOKEN = \'another-token-of-the-test\'\n',
    { mode: 0o600 },
  );
  const { run, start } = cliIn(folder);
  expect(JSON.parse((await run('check', '--json')).stdout).warnings).toEqual([
    '.env:7: TOKEN: written twice (first in line 1); the last counts',
  ]);
  const gateway = await start();
  fs.writeFileSync(path.join(folder, 'body.json'), '{ "message": "a",\n  "x": { "y": 1, "y": 2 },\n  "message": "b" }');
  const { code, stderr } = await run('send', 'agent', '--file', 'body.json');
  expect({ code, stderr }).toEqual({
    code: 0,
    stderr:
      'warning: body.json:2: x.y: written twice (first in line 2); the last counts\nwarning: body.json:3: message: written twice (first in line 1); the last counts\n',
  });
  await gateway.stop();
});
