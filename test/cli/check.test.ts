import fs from 'node:fs';
import path from 'node:path';
import { expect, it } from '@jest/globals';
import { builtCli } from '../support/built-cli.ts';
import { tempDir } from '../support/temp-dir.ts';

const dir = tempDir();
const cli = builtCli(dir);

it('warns of mappings that give strangers much', async () => {
  const mappings = [
    { id: 'trusting', match: { path: 'a' }, messageTemplate: '{{x}}', allowUnsafeExternalContent: true },
    { id: 'mighty', match: { path: 'b' }, messageTemplate: '{{x}}', tools: ['read', 'bash'] },
    { id: 'modest', match: { path: 'c' }, messageTemplate: '{{x}}', tools: ['read'] },
  ];
  const config = { hooks: { enabled: true, token: 't', mappings }, agents: { defaults: { model: 'echo/echo' } } };
  fs.writeFileSync(path.join(dir, 'gimli.json5'), JSON.stringify(config));
  const { code, stdout } = await cli.run('check', '--json');
  expect(code).toBe(0);
  expect(JSON.parse(stdout).warnings).toEqual([
    expect.stringMatching(/^trusting: allowUnsafeExternalContent /),
    expect.stringMatching(/^mighty: bash lets a run do whatever /),
  ]);
});

it('warns of models that a budget does not count', async () => {
  const defaults = { model: 'sonnet', fallbacks: ['ollama/qwen3:8b'], budget: { perDay: 5 } };
  fs.writeFileSync(path.join(dir, 'gimli.json5'), JSON.stringify({ agents: { defaults } }));
  const { stdout } = await cli.run('check', '--json');
  expect(JSON.parse(stdout).warnings).toEqual([
    'agents.defaults.budget does not count what ollama/qwen3:8b costs: its price is not known; say it in agents.prices',
  ]);
});
