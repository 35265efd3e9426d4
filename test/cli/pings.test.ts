import fs from 'node:fs';
import path from 'node:path';
import { expect, it, jest } from '@jest/globals';
import { cliIn } from '../support/cli.ts';
import { eventually } from '../support/eventually.ts';
import { startModel, toolCalls } from '../support/model.ts';
import { tempDir } from '../support/temp-dir.ts';

jest.setTimeout(60_000);

it('gimli runs show tells what a run had the owner told, and what became of it', async () => {
  const model = await startModel(({ results }) =>
    results.length === 0
      ? toolCalls(['ping_user', { text: 'The cellar is\nunder \u001b[31mwater.' }], ['ping_user', { text: 'Hurry.' }])
      : 'HEARTBEAT_OK',
  );
  const dir = tempDir();
  const config = {
    gateway: { port: 0, token: 'gateway-token-of-the-test' },
    hooks: {
      enabled: true,
      token: 'hook-token-of-the-test',
      mappings: [{ match: { path: 'cellar' }, messageTemplate: 'Look at {{text}}', tools: ['ping_user'] }],
    },
    agents: { ...model.agents, defaults: { ...model.agents.defaults, heartbeat: { every: '0m', target: 'none' } } },
    channels: { owner: { channel: 'log', to: '+47' } },
  };
  fs.writeFileSync(path.join(dir, 'gimli.json5'), JSON.stringify(config));
  const cli = cliIn(dir);
  await cli.start();
  const { stdout: answer } = await cli.run('send', 'cellar', '--json', '{"text": "x"}');
  const { runId } = JSON.parse(answer.slice(answer.indexOf('\n')));
  const shown = await eventually(async () => {
    const { stdout } = await cli.run('runs', 'show', runId);
    return !/pending|running/.test(stdout) && stdout;
  });
  const lines = shown.split('\n');
  const at = lines.indexOf('pings');
  expect(lines.slice(at + 1, at + 3)).toEqual([
    '    sent, log (+47): The cellar is under  [31mwater.',
    '    sent, log (+47): Hurry.',
  ]);
  const { stdout: json } = await cli.run('runs', 'show', runId, '--json');
  expect(JSON.parse(json).pings).toMatchObject([{ text: 'The cellar is\nunder \u001b[31mwater.' }, { text: 'Hurry.' }]);
});
