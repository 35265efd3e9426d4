import fs from 'node:fs';
import path from 'node:path';
import { expect, it, jest } from '@jest/globals';
import { cliIn } from '../support/cli.ts';
import { tempDir } from '../support/temp-dir.ts';

jest.setTimeout(60_000);

/** What `gimli check` prints about a config with these agents and mappings. */
async function check(agents: object, mappings: object[] = []): Promise<string> {
  const dir = tempDir();
  const hooks = { enabled: true, token: 'hook-token-of-the-test', mappings };
  fs.writeFileSync(
    path.join(dir, 'gimli.json5'),
    JSON.stringify({ hooks, agents, channels: { owner: { channel: 'log' } } }),
  );
  const { code, stdout, stderr } = await cliIn(dir).run('check');
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return stdout;
}

it('check names each retired model that the config asks for, once, and what runs instead', async () => {
  const rule = (name: string, model: string) => ({ id: name, match: { path: name }, model, messageTemplate: 'm' });
  const mappings = [rule('a', 'claude-3-opus'), rule('b', 'anthropic/claude-3-opus'), rule('c', 'opus')];
  const providers = { anthropic: { api: 'anthropic', apiKey: 'sk-ant-x' } };
  const printed = await check({ providers, defaults: { model: 'anthropic/claude-3-5-sonnet' } }, mappings);
  expect(printed.match(/^(default|warning).*$/gm)).toEqual([
    'default model: anthropic/claude-sonnet-5-5',
    'warning: model "anthropic/claude-3-5-sonnet" is retired: anthropic/claude-sonnet-5-5 runs instead',
    'warning: model "anthropic/claude-3-opus" is retired: anthropic/claude-opus-5-5 runs instead',
  ]);
});

it('check says that requests cannot run on a default model that is a command, unless every run may', async () => {
  const providers = { cli: { api: 'command', command: 'cat' } };
  const defaults = { model: 'cli/x' };
  expect(await check({ providers, defaults })).toMatch(
    /^warning: builtin:agent, builtin:workflow: the default model runs a command/m,
  );
  expect(await check({ providers, defaults: { ...defaults, tools: ['command'] } })).not.toContain('warning');
});
