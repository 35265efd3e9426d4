import fs from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it, jest } from '@jest/globals';
import { cliIn, type TestCli } from '../support/cli.ts';
import { eventually } from '../support/eventually.ts';
import { startModel } from '../support/model.ts';
import { tempDir } from '../support/temp-dir.ts';

jest.setTimeout(60_000);

const model = await startModel(({ prompt }) =>
  prompt.includes('colour') ? 'It is \u001b[31mred.\nReally.' : 'Hello.',
);
const dir = tempDir();
const cli = cliIn(dir);
const long = `mail/${'a long key, '.repeat(12)}end`;
const token = 'gateway-token-of-the-test';
const heartbeat = { every: '0m', target: 'none' };
const config = {
  gateway: { port: 0, token },
  hooks: { enabled: true, token: 'hook-token-of-the-test' },
  agents: { ...model.agents, defaults: { ...model.agents.defaults, heartbeat } },
};
let gateway: Awaited<ReturnType<TestCli['start']>>;
let colourful: { runId: string; eventId: string };

beforeAll(async () => {
  fs.writeFileSync(path.join(dir, 'gimli.json5'), JSON.stringify(config));
  gateway = await cli.start();
  colourful = await ask('which \u009b31mcolour?', long);
  await ask('good day', 'hook:small');
  await ask('good evening', 'hook:small');
});

/** Resolves once the run has completed. */
async function ask(message: string, sessionKey: string): Promise<{ runId: string; eventId: string }> {
  const response = await fetch(`${gateway.url}/hooks/agent`, {
    method: 'POST',
    headers: { Authorization: 'Bearer hook-token-of-the-test', 'Content-Type': 'application/json' },
    body: JSON.stringify({ message, sessionKey, deliver: false, wakeMode: 'next-heartbeat' }),
  });
  const { runId, eventId } = (await response.json()) as { runId: string; eventId: string };
  await eventually(async () => {
    const answer = await fetch(`${gateway.url}/api/runs/${runId}`, { headers: { Authorization: `Bearer ${token}` } });
    return ((await answer.json()) as { run: { status: string } }).run.status === 'completed';
  });
  return { runId, eventId };
}

describe('gimli sessions, with a gateway that runs', () => {
  it('lists them, newest first, with their keys whole', async () => {
    const { code, stdout } = await cli.run('sessions');
    expect(code).toBe(0);
    const [head, ...rows] = stdout.trimEnd().split('\n');
    expect(head).toMatch(/^LAST TURN +TURNS +CLEARED +SESSION$/);
    expect(rows).toEqual([
      expect.stringMatching(/^\S+ \S+Z +2 +hook:small$/),
      expect.stringMatching(/^\S+ \S+Z +1 +mail\/a long key, .*, end$/),
    ]);
    const { stdout: first } = await cli.run('sessions', 'list', '--limit', '1');
    expect(first).toMatch(/hook:small\nThere are older ones: --limit shows up to 100\.\n$/);
    const { stdout: json } = await cli.run('sessions', 'list', '--limit', '1', '--json');
    expect(JSON.parse(json)).toMatchObject({
      sessions: [{ sessionKey: 'hook:small', turns: 2, clearedAt: null }],
      next: expect.any(String),
    });
  });

  it('shows what was asked and answered, without what would steer a terminal', async () => {
    const { code, stdout } = await cli.run('sessions', 'show', long);
    expect(code).toBe(0);
    expect(stdout).toContain(`session    ${long}\nturns      1\n`);
    expect(stdout).toMatch(/^ {4}message: "which .*colour\?"$/m);
    expect(stdout).toContain('outputText\n    It is  [31mred.\n    Really.\n');
    const { stdout: newest } = await cli.run('sessions', 'show', 'hook:small', '--limit', '1');
    expect(newest).toMatch(/^turns +2, of which these are the newest 1$/m);
    expect(newest).not.toContain('good day');
    const { stdout: json } = await cli.run('sessions', 'show', long, '--json');
    expect(JSON.parse(json)).toMatchObject({
      session: { sessionKey: long, turns: 1 },
      turns: [{ outputText: 'It is \u001b[31mred.\nReally.' }],
    });
  });

  it.each(['runs', 'events'] as const)(
    'gimli %s shows the same exchange without what would steer a terminal',
    async (command) => {
      const { runId, eventId } = colourful;
      const { stdout } = await cli.run(command, 'show', command === 'runs' ? runId : eventId);
      expect(stdout).toContain('colour?');
      expect(stdout).not.toMatch(/(?!\n)\p{Cc}/u);
    },
  );

  it('clears one', async () => {
    const { code, stdout } = await cli.run('sessions', 'clear', long);
    expect([code, stdout]).toEqual([0, `session ${long} is cleared: its next run starts anew\n`]);
    const { stdout: shown } = await cli.run('sessions', 'show', long);
    expect(shown).toMatch(/^turns +0\nlast turn +\S+ \S+Z\ncleared +\S+ \S+Z\n$/m);
    expect(shown).not.toContain('colour');
  });

  it('fails with 1 where there is no such session', async () => {
    for (const command of ['show', 'clear'])
      expect(await cli.run('sessions', command, 'x')).toEqual({ code: 1, stdout: '', stderr: 'session not found\n' });
  });
});

it('gimli sessions clear works without a gateway, and the next one goes by it', async () => {
  await gateway.stop();
  expect(await cli.run('sessions', 'clear', 'hook:small')).toMatchObject({ code: 0, stderr: '' });
  const { stdout } = await cli.run('sessions', 'show', 'hook:small');
  expect(stdout).toMatch(/^turns +0$/m);
  gateway = await cli.start();
  await ask('good night', 'hook:small');
  expect(model.calls.at(-1)?.messages).toEqual([expect.stringContaining('good night')]);
});
