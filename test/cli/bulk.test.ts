import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { ServedGateway } from '../support/built-cli.ts';
import { cliIn } from '../support/cli.ts';
import { eventually } from '../support/eventually.ts';
import { providerError, startModel } from '../support/model.ts';
import { tempDir } from '../support/temp-dir.ts';

jest.setTimeout(60_000);

let healthy = false;
const model = await startModel(() => (healthy ? 'Done.' : providerError(400, 'I cannot')));
const token = 'gateway-token-of-the-test';
const config = {
  gateway: { port: 0, token },
  hooks: {
    enabled: true,
    token: 'hook-token-of-the-test',
    mappings: [
      {
        id: 'door',
        match: { path: 'door' },
        name: 'Door {{n}}',
        messageTemplate: 'Say {{n}}',
        wakeMode: 'next-heartbeat',
      },
    ],
  },
  agents: {
    ...model.agents,
    defaults: { ...model.agents.defaults, heartbeat: { every: '0m', target: 'none' } },
  },
};
const dir = tempDir();
fs.writeFileSync(path.join(dir, 'gimli.json5'), JSON.stringify(config));
const cli = cliIn(dir);
let gateway: ServedGateway;

async function ring(n: number): Promise<void> {
  const headers = { Authorization: 'Bearer hook-token-of-the-test', 'Content-Type': 'application/json' };
  const answer = await fetch(`${gateway.url}/hooks/door`, { method: 'POST', headers, body: JSON.stringify({ n }) });
  expect(answer.status).toBe(202);
}

/** How many runs there are of a status, once there are so many. */
const reaches = (status: string, count: number) =>
  eventually(async () => {
    const headers = { Authorization: `Bearer ${token}` };
    const answer = await fetch(`${gateway.url}/api/runs?kind=hook&limit=1&status=${status}`, { headers });
    return ((await answer.json()) as { total: number }).total === count;
  });

beforeAll(async () => {
  gateway = await cli.serve();
  for (let n = 1; n <= 7; n += 1) await ring(n);
  await reaches('error', 7);
});

describe('gimli runs retry and cancel', () => {
  it('want to know what is meant, and say what is wrong with it', async () => {
    for (const [args, stderr] of [
      [['retry'], /^give a runId, or what runs are meant: --failed, --status, /],
      [['cancel'], /^give a runId, or what runs are meant: --status, /],
      [['cancel', '--yes'], /^give a runId/],
      [['retry', 'x', '--failed'], /^--failed is for many runs, and x is one/],
      [['cancel', 'x', '--name', 'y'], /^--name is for many runs/],
      [['retry', '--code', 'screened', '--unscreened'], /^--unscreened needs a runId/],
      [['retry', '--failed', '--status', 'pending'], /^--failed is short for --status error/],
      [['retry', '--failed', '--since', '2 hours'], /^--since must be a time such as 2h or 1d/],
      [['retry', '--code', 'x'], /^code must be one of timeout, /],
      [['cancel', '--status', 'x'], /^status must be one of pending, /],
      [['retry', '--status', 'completed', '--yes'], /^no runs match|^$/],
      [['cancel', '--status', 'error', '--yes'], /^only runs that are pending or running can be cancelled/],
    ] as const) {
      const answer = await cli.run('runs', ...args);
      expect([args, answer.stderr]).toEqual([args, expect.stringMatching(stderr)]);
    }
  });

  it('count first, and do nothing without a terminal or --yes', async () => {
    const { code, stdout, stderr } = await cli.run('runs', 'retry', '--failed', '--since', '2h');
    expect({ code, stderr }).toEqual({ code: 1, stderr: '7 runs. Nothing was done: add --yes to retry them\n' });
    expect(stdout).toMatch(/^RUN +CREATED .*\n\S+ .*Door 7 /);
    expect(stdout).toMatch(/Door 3 .*\n… and 2 more\n$/);
    const one = await cli.run('runs', 'retry', '--failed', '--name', 'door 5');
    expect(one.stderr).toBe('1 run. Nothing was done: add --yes to retry it\n');
    expect(await cli.run('runs', 'retry', '--failed', '--hook', 'window')).toEqual({
      code: 0,
      stdout: 'no runs match\n',
      stderr: '',
    });
    await reaches('error', 7);
  });

  it('ask on a terminal, where only yes is yes', async () => {
    // Of util-linux: gives the command a terminal.
    const program = 'script';
    if (spawnSync(program, ['--version']).status !== 0) return;
    const file = fileURLToPath(new URL('../../dist/cli/index.js', import.meta.url));
    const command = `${process.execPath} ${file} runs retry --failed --name 'door 1'`;
    const onTerminal = async (answer: string) => {
      const child = spawn(program, ['-qec', command, '/dev/null'], { cwd: dir, stdio: ['pipe', 'pipe', 'inherit'] });
      let printed = '';
      child.stdout.setEncoding('utf8').on('data', (text) => {
        if (!printed.includes('[y/N]') && (printed + text).includes('[y/N]')) child.stdin.write(`${answer}\r`);
        printed += text;
      });
      await once(child, 'close');
      return printed;
    };
    expect(await onTerminal('')).toMatch(/1 run\. Retry it\? \[y\/N\] [\s\S]*nothing was done/);
    await reaches('error', 7);
    healthy = true;
    expect(await onTerminal('y')).toMatch(/1 of 1 runs wait to be tried again/);
    await reaches('error', 6);
  });

  it('do with --yes what was asked for', async () => {
    healthy = true;
    const { code, stdout } = await cli.run('runs', 'retry', '--failed', '--since', '2h', '--yes');
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: expect.stringMatching(/\n(6 of 6|7 of 7) runs wait to be tried again\n$/),
    });
    await reaches('completed', 7);
  });

  it('end what waits, with and without a gateway', async () => {
    expect(await cli.run('pause')).toMatchObject({ code: 0 });
    for (let n = 11; n <= 14; n += 1) await ring(n);
    expect(await cli.run('runs', 'cancel', '--name', 'door 11', '--yes')).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/\n1 of 1 runs are cancelled\n$/),
    });
    await gateway.kill('SIGTERM');
    expect(await cli.run('runs', 'cancel', '--hook', 'door', '--yes')).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/\n3 of 3 runs are cancelled\n$/),
    });
    const listed = await cli.run('runs', 'list', '--code', 'cancelled', '--hook', 'door', '--kind', 'hook', '--json');
    expect(JSON.parse(listed.stdout)).toMatchObject({ total: 4 });
  });
});
