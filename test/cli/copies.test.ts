import fs from 'node:fs';
import path from 'node:path';
import { expect, it } from '@jest/globals';
import Sqlite from 'better-sqlite3';
import { openSqliteStore } from '../../src/store/sqlite/sqlite-store.ts';
import type { ServedGateway } from '../support/built-cli.ts';
import { cliIn, type TestCli } from '../support/cli.ts';
import { tempDir } from '../support/temp-dir.ts';

const hookToken = 'hook-token-of-the-test';
const config = {
  gateway: { port: 0, drainSeconds: 0 },
  hooks: { enabled: true, token: hookToken },
  agents: { defaults: { model: 'echo/echo', heartbeat: { every: '0m', target: 'none' } } },
};

function home(): { dir: string; file: string; cli: TestCli } {
  const dir = tempDir();
  fs.writeFileSync(path.join(dir, 'gimli.json5'), JSON.stringify(config));
  return { dir, file: path.join(dir, 'data', 'gimli.db'), cli: cliIn(dir) };
}

async function post({ url }: ServedGateway, count: number): Promise<void> {
  for (let left = count; left > 0; left -= 1) {
    const headers = { Authorization: `Bearer ${hookToken}`, 'Content-Type': 'application/json' };
    const body = JSON.stringify({ text: 'x'.repeat(20_000) });
    const { status } = await fetch(`${url}/hooks/wake`, { method: 'POST', headers, body });
    expect(status).toBe(200);
  }
}

async function events(cli: TestCli): Promise<number> {
  const { stdout } = await cli.run('events', 'list', '--limit', '100', '--json');
  return JSON.parse(stdout).events?.length ?? JSON.parse(stdout).length;
}

it('a backup of a gateway under way is restored elsewhere with all events, and refuses what is there already', async () => {
  const { dir, cli } = home();
  const gateway = await cli.serve();
  await post(gateway, 30);
  const copy = path.join(dir, 'copies', 'monday.db');
  const made = await cli.run('backup', copy);
  expect(made).toMatchObject({ code: 0, stderr: '' });
  expect(made.stdout).toMatch(/monday\.db: \d\.\d MB, newest event \S+ \S+Z, looked through and sound\n$/);
  expect(await cli.run('backup', copy)).toMatchObject({ code: 2, stderr: expect.stringContaining('is there already') });
  expect(await cli.run('backup', copy, '--force')).toMatchObject({ code: 0 });
  expect(await cli.run('restore', copy)).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('in use by another'),
  });
  await gateway.kill('SIGKILL');

  const other = home();
  expect(await other.cli.run('restore', copy)).toMatchObject({ code: 0 });
  expect(await events(other.cli)).toBe(30);
});

it('a kept file beside the -wal of a later life is refused by serve and by commands, and restored by name', async () => {
  const { dir, file, cli } = home();
  const first = await cli.serve();
  await post(first, 5);
  await first.kill('SIGTERM');
  const kept = path.join(dir, 'kept.db');
  fs.copyFileSync(file, kept);
  const second = await cli.serve();
  await post(second, 40);
  await second.kill('SIGKILL');
  fs.copyFileSync(kept, file);

  await expect(cli.serve()).rejects.toThrow(/ended with 2:\n.*older than the -wal beside it.*gimli restore FILE/s);
  const { code, stderr } = await cli.run('runs', 'list');
  expect(code).toBe(2);
  expect(stderr).toContain('older than the -wal beside it');
  const restored = await cli.run('restore', 'kept.db');
  expect(restored).toMatchObject({ code: 0, stdout: expect.stringContaining('what stood there is now') });
  expect(await events(cli)).toBe(5);
});

it('a store of a newer version is refused to commands in one line of words', async () => {
  const { file, cli } = home();
  await (await openSqliteStore(file)).close();
  const sqlite = new Sqlite(file);
  sqlite.exec(`insert into kysely_migration values ('099-future', '2030-01-01')`);
  sqlite.close();
  const { code, stderr } = await cli.run('runs', 'list');
  expect(stderr).toMatch(/^\S+ was written by a newer gimli \(099-future is unknown to this one\): install .*\n$/);
  expect(code).toBe(2);
});
