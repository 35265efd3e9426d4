import fs from 'node:fs';
import path from 'node:path';
import { expect, it, jest } from '@jest/globals';
import { usualPolicy } from '../../src/domain/mapping.ts';
import { insertDelivery, updateDelivery } from '../../src/store/queries/deliveries.ts';
import { insertRun } from '../../src/store/queries/runs.ts';
import { openSqliteStore } from '../../src/store/sqlite/sqlite-store.ts';
import { cliIn } from '../support/cli.ts';
import { eventually } from '../support/eventually.ts';
import { startModel, toolCalls } from '../support/model.ts';
import { newId } from '../support/new-id.ts';
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

it('gimli runs show has the id that a messenger gave, and says of what may have come twice that it may', async () => {
  const dir = tempDir();
  fs.writeFileSync(path.join(dir, 'gimli.json5'), '{ agents: { defaults: { model: "echo/echo" } } }');
  const store = await openSqliteStore(path.join(dir, 'data', 'gimli.db'));
  const about = { message: [], name: 'n', sessionKey: 's', deliver: true, wakeMode: 'now', channel: 'last' } as const;
  const run = { id: newId(), kind: 'hook', eventId: null, hook: 'cellar', createdAt: Date.now() } as const;
  await store.write(async (tx) => {
    await insertRun(tx, { ...run, policy: usualPolicy, action: { kind: 'agent', ...about } });
    for (const kind of ['reply', 'ping'] as const) {
      const to = { runId: run.id, sessionKey: 's', channel: 'log', to: null };
      const delivery = { id: newId(), kind, ...to, text: 'Hurry.', status: 'pending', error: null } as const;
      await insertDelivery(tx, { ...delivery, createdAt: run.createdAt });
      await updateDelivery(tx, delivery.id, { status: 'sent', messageId: `id-of-${kind}`, maybeTwice: 1 });
    }
  });
  await store.close();
  const cli = cliIn(dir);
  const { stdout } = await cli.run('runs', 'show', run.id);
  expect(stdout).toContain('"messageId":"id-of-reply","maybeTwice":true');
  expect(stdout).toContain('sent (message id-of-ping, maybe twice), log: Hurry.');
  const { stdout: json } = await cli.run('runs', 'show', run.id, '--json');
  expect(JSON.parse(json)).toMatchObject({
    delivery: { messageId: 'id-of-reply', maybeTwice: true },
    pings: [{ messageId: 'id-of-ping', maybeTwice: true }],
  });
});
