import fs from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { beforeAll, describe, expect, it, jest } from '@jest/globals';
import { atEnd } from '../support/at-end.ts';
import type { ServedGateway } from '../support/built-cli.ts';
import { cliIn } from '../support/cli.ts';
import { eventually } from '../support/eventually.ts';
import { tempDir } from '../support/temp-dir.ts';

jest.setTimeout(60_000);

/** Prints JSON with code 0, or the test fails with what it printed instead. */
// biome-ignore lint/suspicious/noExplicitAny: what a command prints is what the tests are about
async function json(...args: string[]): Promise<any> {
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
      { id: 'picky-too', match: { path: 'picky', payload: { kind: 'a-value-that-is-long' } }, messageTemplate: 'Say' },
    ],
  },
  agents: { defaults: { model: 'echo/echo', heartbeat: { every: '0m', target: 'none' } } },
}`;

const dir = tempDir();
const cli = cliIn(dir);
let gateway: ServedGateway;
/** Listens at the port of the config, while the gateway is told to take another. */
let strangerAsked = 0;
const stranger = http.createServer((_, res) => {
  strangerAsked += 1;
  res.end('{}');
});
atEnd(() => stranger.close());
/** run ids, and event ids as `<name> event` */
const ids: Record<string, string> = {};

beforeAll(async () => {
  await new Promise<void>((resolve) => stranger.listen(0, '127.0.0.1', resolve));
  fs.writeFileSync(path.join(dir, 'gimli.json5'), config((stranger.address() as AddressInfo).port));
  fs.writeFileSync(path.join(dir, '.env'), 'GITHUB_WEBHOOK_SECRET=secret of the test\n');
  fs.writeFileSync(path.join(dir, 'payload.json'), '{"n": "from a file"}');
  gateway = await cli.serve('--port', '0');
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
    await ended(runId);
  }
  const filtered = await cli.run('send', 'picky', '--json', '{"kind": "other"}');
  expect(filtered).toMatchObject({ code: 0, stdout: expect.stringMatching(/^204 .*\n.*gimli events list/) });
});

/** The run, once it has ended. Asks the gateway, since a command takes half a second. */
function ended(runId: string, since = 0) {
  return eventually(async () => {
    const headers = { Authorization: 'Bearer gateway-token-of-the-test' };
    const { run } = (await (await fetch(`${gateway.url}/api/runs/${runId}`, { headers })).json()) as {
      run: { status: string; completedAt: number | null };
    };
    return run.completedAt !== null && run.completedAt > since && run;
  });
}

describe('with a gateway that runs, wherever it listens', () => {
  it('lists runs, newest first, and by status and name', async () => {
    const { code, stdout } = await cli.run('runs');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^RUN +CREATED +STATUS +NAME +DELIVERY +SUMMARY\n/);
    expect(stdout).toMatch(new RegExp(`^${ids.bad} +\\S+ \\S+ +error +Bad +.*API key`, 'm'));
    expect(stdout.indexOf(ids.file ?? '')).toBeLessThan(stdout.indexOf(ids.inline ?? ''));

    const failed = await json('runs', 'list', '--status', 'error');
    expect(failed.runs).toMatchObject([{ runId: ids.bad, errorCode: 'provider', attempts: 1 }]);
    const named = await json('runs', 'list', '--name', 'GOOD', '--limit', '1');
    expect(named).toMatchObject({ runs: [{ runId: ids.file, name: 'Good from a file' }], total: 2 });
  });

  it('shows a run with its prompt', async () => {
    const run = await json('runs', 'show', ids.inline ?? '');
    expect(run).toMatchObject({ runId: ids.inline, status: 'completed', eventId: ids['inline event'] });
    expect(run.prompt).toMatch(/^n: "inline"$/m);
    const { stdout } = await cli.run('runs', 'show', ids.inline ?? '');
    expect(stdout).toMatch(/^status +completed$/m);
    expect(stdout).toMatch(/^ {4}n: "inline"$/m);
  });

  it('lists events, by hook and outcome, and shows one', async () => {
    const { stdout } = await cli.run('events', '--outcome', 'filtered');
    const why = ['picky: match\\.payload\\.kind: wanted "wanted"', 'picky-too: .*wanted "a-value-that-is-long"']
      .map((reason) => `${reason}, found "other"`)
      .join('; ');
    expect(stdout).toMatch(new RegExp(`^\\S+ +\\S+ \\S+ +picky +filtered +${why}$`, 'm'));
    const { events } = await json('events', 'list', '--hook', 'github');
    expect(events).toMatchObject([{ eventId: ids['sample event'], hook: 'github', outcome: 'accepted' }]);

    const event = await json('events', 'show', ids['file event'] ?? '');
    expect(event).toMatchObject({ hook: 'good', outcome: 'accepted', mapping: 'good', body: '{"n": "from a file"}' });
    expect(JSON.stringify(event)).not.toContain('hook-token-of-the-test');
  });

  const impossible: [args: string[], stderr: RegExp][] = [
    [['runs', 'show', 'x'], /^run not found\n$/],
    [['runs', 'retry', 'x'], /^run not found\n$/],
    [['events', 'show', 'x'], /^event not found\n$/],
    [['events', 'replay', 'x'], /^event not found\n$/],
    [['runs', 'list', '--status', 'x'], /^status must be one of pending, /],
    [['events', 'list', '--outcome', 'x'], /^outcome must be one of accepted, /],
  ];
  it('fails with 1 and says why, where it is asked for what there is not', async () => {
    const answers = await Promise.all(impossible.map(([args]) => cli.run(...args)));
    const expected = impossible.map(([, stderr]) => ({ code: 1, stdout: '', stderr: expect.stringMatching(stderr) }));
    expect(answers).toEqual(expected);
  });

  it('tries a failed run again, and only a failed one', async () => {
    const before = Date.now();
    expect(await cli.run('runs', 'retry', ids.bad ?? '')).toMatchObject({ code: 0, stderr: '' });
    expect(await ended(ids.bad ?? '', before)).toMatchObject({ status: 'error' });
    const completed = await cli.run('runs', 'retry', ids.inline ?? '');
    expect(completed).toMatchObject({ code: 1, stderr: expect.stringMatching(/only a run in error .* completed/) });
  });

  it('sends an event through the mappings again', async () => {
    const { status } = await replay(ids['inline event'] ?? '');
    expect(status).toBe('completed');
  });
});

describe('with the store of a gateway that was killed', () => {
  beforeAll(async () => {
    await gateway.kill('SIGKILL');
  });

  it('shows what was done and received', async () => {
    const { code, stdout } = await cli.run('runs');
    expect(code).toBe(0);
    expect(stdout).toMatch(new RegExp(`^${ids.inline} .* completed +Good inline +skipped last `, 'm'));
    expect(await json('runs', 'show', ids.bad ?? '')).toMatchObject({ status: 'error', hook: 'bad' });
    const { events } = await json('events', 'list', '--outcome', 'filtered');
    expect(events).toMatchObject([{ hook: 'picky' }]);
    expect(await cli.run('events', 'show', 'x')).toMatchObject({ code: 1, stderr: 'event not found\n' });
  });

  it('says that what was refused is gone with the gateway', async () => {
    const { code, stdout, stderr } = await cli.run('events', 'refused');
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toBe('what was refused is in the memory of a running gateway, and none runs with this store\n');
  });

  it('leaves what is retried and replayed to the next gateway', async () => {
    expect(await cli.run('runs', 'retry', ids.bad ?? '')).toMatchObject({ code: 0, stderr: '' });
    expect(await json('runs', 'show', ids.bad ?? '')).toMatchObject({ status: 'pending' });
    const before = Date.now();
    const replayed = await replay(ids['inline event'] ?? '', async () => {
      gateway = await cli.serve('--port', '0');
    });
    expect(replayed.status).toBe('completed');
    expect(await ended(ids.bad ?? '', before)).toMatchObject({ status: 'error' });
    expect((await gateway.kill('SIGTERM')).code).toBe(0);
  });

  it('asks nobody else', () => expect(strangerAsked).toBe(0));
});

/** Replays an event and gives the run that comes of it, once it has ended. */
async function replay(eventId: string, then: () => Promise<void> = async () => {}) {
  const { code, stdout } = await cli.run('events', 'replay', eventId);
  expect([code, stdout]).toEqual([0, expect.stringMatching(/^outcome +accepted\nstatus +202\n/)]);
  const { runId } = JSON.parse(/^answer +(.*)$/m.exec(stdout)?.[1] ?? '');
  await then();
  return ended(runId);
}
