import fs from 'node:fs';
import path from 'node:path';
import { expect, it, jest } from '@jest/globals';
import { usualPolicy } from '../../src/domain/mapping.ts';
import { insertRun } from '../../src/store/queries/runs.ts';
import { recordSpending } from '../../src/store/queries/spending.ts';
import { openSqliteStore } from '../../src/store/sqlite/sqlite-store.ts';
import { cliIn } from '../support/cli.ts';
import { newId } from '../support/new-id.ts';
import { tempDir } from '../support/temp-dir.ts';

jest.setTimeout(60_000);

const dir = tempDir();
const cli = cliIn(dir);
const now = Date.now();
const day = (ago: number) => new Date(now - ago * 86_400_000).toISOString().slice(0, 10);

const agents = { defaults: { model: 'echo/echo', budget: { perDay: 0.5 } } };
fs.writeFileSync(path.join(dir, 'gimli.json5'), JSON.stringify({ agents }));

it('costs says so where nothing was spent', async () => {
  expect(await cli.run('costs')).toMatchObject({ code: 0, stdout: 'nothing was spent\n', stderr: '' });
});

it('costs are a table by day and mapping with their sums, without a gateway as well', async () => {
  const store = await openSqliteStore(path.join(dir, 'data', 'gimli.db'));
  const spend = async (hook: string, ago: number, cost: number, unpricedAnswers = 0) => {
    const about = { message: [], name: 'n', sessionKey: 's', deliver: false };
    const action = { kind: 'agent', wakeMode: 'now', channel: 'last', ...about } as const;
    const run = {
      id: newId(),
      kind: 'hook',
      eventId: null,
      hook,
      createdAt: now,
      policy: usualPolicy,
      action,
    } as const;
    const spent = { inputTokens: 1000, outputTokens: 10, cost, unpricedAnswers };
    await store.write(async (tx) => {
      await insertRun(tx, run);
      await recordSpending(tx, { id: run.id, spending: null }, spent, now - ago * 86_400_000);
    });
  };
  await spend('mail', 0, 0.25);
  await spend('mail', 0, 0.25);
  await spend('local', 0, 0, 1);
  await spend('mail', 1, 2);
  await spend('mail', 40, 2);
  await store.close();

  const { code, stdout } = await cli.run('costs');
  expect(code).toBe(0);
  expect(stdout.split('\n').map((line) => line.split(/ {2,}/))).toEqual([
    ['DAY (UTC)', 'MAPPING', 'RUNS', 'INPUT', 'OUTPUT', 'COST'],
    [day(0), 'mail', '2', '2000', '20', '$0.5000'],
    [day(0), 'local', '1', '1000', '10', 'not known'],
    [day(0), 'all', '3', '3000', '30', '$0.5000 and 1 answer of unknown cost'],
    [day(1), 'mail', '1', '1000', '10', '$2.00'],
    ['total', '4', '4000', '40', '$2.50 and 1 answer of unknown cost'],
    ['the budget of the day ($0.5000) is spent: runs and heartbeats wait'],
    [''],
  ]);
  const asJson = await cli.run('costs', '--days', '1', '--json');
  expect(JSON.parse(asJson.stdout)).toMatchObject({ ok: true, days: [{ day: day(0), runs: 3, cost: 0.5 }] });
  expect(await cli.run('costs', '--days', '0')).toMatchObject({ code: 1 });
});
