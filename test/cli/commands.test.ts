import fs from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it, jest } from '@jest/globals';
import { builtCli, type ServedGateway } from '../support/built-cli.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { tempDir } from '../support/temp-dir.ts';

jest.setTimeout(60_000);

/** Prints JSON with code 0, or the test fails with what it printed instead. */
// biome-ignore lint/suspicious/noExplicitAny: what a command prints is what the tests are about
async function json(cli: ReturnType<typeof builtCli>, ...args: string[]): Promise<any> {
  const { code, stdout, stderr } = await cli.run(...args, '--json');
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout);
}

// One that is good, one that no provider takes, one that nothing matches.
const config = (port: number) => `{
  gateway: { port: ${port}, token: 'gateway-token-of-the-test' },
  hooks: {
    enabled: true,
    token: 'hook-token-of-the-test',
    presets: ['github'],
    mappings: [
      { id: 'good', match: { path: 'good' }, name: 'Good {{n}}', messageTemplate: 'Say {{n}}' },
      { id: 'bad', match: { path: 'bad' }, name: 'Bad', model: 'anthropic/claude-sonnet-5-5', messageTemplate: 'Say' },
      { id: 'picky', match: { path: 'picky', payload: { kind: 'wanted' } }, messageTemplate: 'Say' },
    ],
  },
  agents: { defaults: { model: 'echo/echo', heartbeat: { every: '0m', target: 'none' } } },
}`;

describe.each([
  ['a gateway that runs', true],
  ['the store of one that does not', false],
])('with %s', (_, online) => {
  const dir = tempDir();
  const cli = builtCli(dir);
  let gateway: ServedGateway;
  /** ids by name */
  const ids: Record<string, string> = {};

  beforeAll(async () => {
    fs.writeFileSync(path.join(dir, 'gimli.json5'), config(await freePort()));
    gateway = await cli.serve();
    fs.writeFileSync(path.join(dir, 'payload.json'), '{"n": "from a file"}');
    for (const [name, ...args] of [
      ['inline', 'good', '--json', '{"n": "inline"}'],
      ['file', 'good', '--file', 'payload.json'],
      ['sample', 'github', '--sample'],
      ['bad', 'bad', '--json', '{}'],
    ] as const) {
      const { code, stdout, stderr } = await cli.run('send', ...args);
      expect([name, code, stderr]).toEqual([name, 0, '']);
      const { runId, eventId } = JSON.parse(stdout.slice(stdout.indexOf('\n')));
      Object.assign(ids, { [name]: runId, [`${name} event`]: eventId });
    }
    const filtered = await cli.run('send', 'picky', '--json', '{"kind": "other"}');
    expect(filtered).toMatchObject({ code: 0, stdout: expect.stringMatching(/^204 .*\n.*gimli events list/) });
    await eventually(async () => {
      const { runs } = await json(cli, 'runs', 'list');
      return runs
        .filter((run: { kind: string }) => run.kind === 'hook')
        .every((run: { completedAt: unknown }) => run.completedAt);
    });
    if (!online) await gateway.kill('SIGTERM');
  }, 60_000);

  it('lists runs, newest first, and by status and name', async () => {
    const { code, stdout } = await cli.run('runs');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^RUN +CREATED +STATUS +NAME +SUMMARY\n/);
    expect(stdout).toMatch(new RegExp(`^${ids.bad} +\\S+ \\S+ +error +Bad +.*API key`, 'm'));
    expect(stdout.indexOf(ids.file ?? '')).toBeLessThan(stdout.indexOf(ids.inline ?? ''));

    const failed = await json(cli, 'runs', 'list', '--status', 'error');
    expect(failed.runs).toMatchObject([{ runId: ids.bad, errorCode: 'provider', attempts: 1 }]);
    const named = await json(cli, 'runs', 'list', '--name', 'GOOD', '--limit', '1');
    expect(named).toMatchObject({ runs: [{ runId: ids.file, name: 'Good from a file' }], total: 2 });
  });

  it('shows a run with its prompt', async () => {
    const run = await json(cli, 'runs', 'show', ids.inline ?? '');
    expect(run).toMatchObject({ runId: ids.inline, status: 'completed', eventId: ids['inline event'] });
    expect(run.prompt).toMatch(/^n: "inline"$/m);
    const { stdout } = await cli.run('runs', 'show', ids.inline ?? '');
    expect(stdout).toMatch(/^status +completed$/m);
    expect(stdout).toMatch(/^ {4}n: "inline"$/m);
  });

  it('lists events, by hook and outcome, and shows one', async () => {
    const { stdout } = await cli.run('events', '--outcome', 'filtered');
    expect(stdout).toMatch(
      /^\S+ +\S+ \S+ +picky +filtered +picky: match\.payload\.kind: wanted "wanted", found "other"$/m,
    );
    const { events } = await json(cli, 'events', 'list', '--hook', 'github');
    expect(events).toMatchObject([{ eventId: ids['sample event'], hook: 'github', outcome: 'accepted' }]);

    const event = await json(cli, 'events', 'show', ids['file event'] ?? '');
    expect(event).toMatchObject({ hook: 'good', outcome: 'accepted', mapping: 'good', body: '{"n": "from a file"}' });
    expect(JSON.stringify(event)).not.toContain('hook-token-of-the-test');
  });

  it('says that there is no such run and no such event, and fails', async () => {
    const unknown = [
      ['runs', 'show', 'x'],
      ['runs', 'retry', 'x'],
      ['events', 'show', 'x'],
      ['events', 'replay', 'x'],
    ];
    for (const args of unknown) {
      expect([args, await cli.run(...args)]).toEqual([
        args,
        { code: 1, stdout: '', stderr: `${args[0]?.slice(0, -1)} not found\n` },
      ]);
    }
    const completed = await cli.run('runs', 'retry', ids.inline ?? '');
    expect(completed).toMatchObject({ code: 1, stderr: expect.stringMatching(/only a run in error .* completed/) });
    expect(await cli.run('runs', 'list', '--status', 'x')).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^status must be/),
    });
  });

  it('tries a failed run again and replays an event; a gateway does it, now or once it is started', async () => {
    expect((await cli.run('runs', 'retry', ids.bad ?? '')).code).toBe(0);
    const replayed = await cli.run('events', 'replay', ids['inline event'] ?? '');
    expect(replayed).toMatchObject({ code: 0, stdout: expect.stringMatching(/^outcome +accepted\nstatus +202\n/) });
    const { runId } = JSON.parse(/^answer +(.*)$/m.exec(replayed.stdout)?.[1] ?? '');

    if (!online) {
      expect(await json(cli, 'runs', 'show', runId)).toMatchObject({ status: 'pending', attempts: 0 });
      gateway = await cli.serve();
    }
    await eventually(async () => (await json(cli, 'runs', 'show', runId)).status === 'completed');
    const again = await eventually(async () => {
      const run = await json(cli, 'runs', 'show', ids.bad ?? '');
      return run.status === 'error' && run;
    });
    expect(again.startedAt).toBeGreaterThan(again.createdAt);
    await gateway.kill('SIGTERM');
  });
});
