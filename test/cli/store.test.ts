import fs from 'node:fs';
import path from 'node:path';
import { beforeAll, expect, it, jest } from '@jest/globals';
import { builtCli, type ServedGateway } from '../support/built-cli.ts';
import { eventually } from '../support/eventually.ts';
import { tempDir } from '../support/temp-dir.ts';

jest.setTimeout(60_000);

const dir = tempDir();
const cli = builtCli(dir);
const token = 'gateway-token-of-the-test';
const quiet = { deliver: false, updateMainSession: 'blocked' };
const config = {
  gateway: { port: 0, token },
  hooks: {
    enabled: true,
    token: 'hook-token-of-the-test',
    mappings: [
      { match: { path: 'orders' }, messageTemplate: 'Order {{id}}', sessionKey: 'hook:orders', ...quiet },
      { match: { path: 'letters' }, messageTemplate: 'Letter {{id}}', sessionKey: 'hook:letters', ...quiet },
      { match: { path: 'release' }, action: 'workflow', workflow: 'release', ...quiet },
    ],
  },
  workflows: {
    release: {
      steps: [
        { id: 'build', message: 'Build' },
        { id: 'ship', message: 'Ship' },
      ],
    },
  },
  agents: { defaults: { heartbeat: { every: '0m', target: 'none' } } },
};
let gateway: ServedGateway;

beforeAll(async () => {
  fs.writeFileSync(path.join(dir, 'gimli.json5'), JSON.stringify(config));
  gateway = await cli.serve();
});

async function api(route: string) {
  const answer = await fetch(`${gateway.url}/api${route}`, { headers: { Authorization: `Bearer ${token}` } });
  // biome-ignore lint/suspicious/noExplicitAny: what a route answers is what the tests are about
  return (await answer.json()) as any;
}

/** Sends an event, and waits until all its work is done. */
async function send(hook: string): Promise<Record<string, string>> {
  const answer = await fetch(`${gateway.url}/hooks/${hook}`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${config.hooks.token}`, 'Content-Type': 'application/json' },
    body: '{"id":7}',
  });
  const sent = (await answer.json()) as Record<string, string>;
  await eventually(async () => {
    const { runs } = await api('/runs');
    return runs.length > 0 && runs.every(({ status }: { status: string }) => status === 'completed');
  });
  return sent;
}

it('gimli store says how large it is, what is in it and how long that is kept', async () => {
  await send('orders');
  const { code, stdout } = await cli.run('store');
  expect(code).toBe(0);
  expect(stdout).toMatch(/^file +.*gimli\.db$/m);
  expect(stdout).toMatch(/rows +1 events, 1 runs, 0 workflows/);
  expect(stdout).toMatch(/keeps +filtered 7d/);
  expect(JSON.parse((await cli.run('store', '--json')).stdout).rows).toMatchObject({ events: 1, runs: 1 });
});

it('gimli prune removes a hook only when it is told to, and says how much that is', async () => {
  await send('letters');
  expect((await cli.run('prune', '--hook', 'letters', '--dry-run')).stdout).toBe('1 events, 1 runs would be removed\n');
  const unsure = await cli.run('prune', '--hook', 'letters');
  expect([unsure.code, unsure.stderr]).toEqual([1, expect.stringContaining('add --yes to remove them')]);
  expect((await cli.run('prune', '--hook', 'letters', '--yes')).stdout).toBe('removed 1 events, 1 runs\n');
  expect((await cli.run('prune', '--hook', 'letters', '--yes')).stdout).toMatch(/^nothing matches/);
});

it.each([
  ['a hook', '--hook', 'order', 'orders'],
  ['a session', '--session', 'hook:ordres', 'hook:orders'],
])('gimli prune names %s that is near to one of which nothing is stored', async (_, option, name, near) => {
  await send('orders');
  const { code, stdout } = await cli.run('prune', option, name, '--yes');
  expect([code, stdout]).toEqual([0, `nothing matches; did you mean ${near}?\n`]);
  expect((await cli.run('prune', option, 'something-else-altogether')).stdout).toBe('nothing matches\n');
});

it.each(['itself', 'a step of it'])(
  'gimli prune --run takes a workflow with its steps and its event, by %s',
  async (by) => {
    const { workflowRunId = '' } = await send('release');
    const { workflows } = await api('/workflows');
    const own = (await api(`/workflows/${workflowRunId}`)).workflow;
    expect(workflows.map((one: { workflowRunId: string }) => one.workflowRunId)).toContain(workflowRunId);
    const run = by === 'itself' ? workflowRunId : own.steps[1].runId;
    expect((await cli.run('prune', '--run', run, '--yes')).stdout).toMatch(/^removed 1 events, 1 workflows/);
    expect((await api(`/events/${own.eventId}`)).ok).toBe(false);
    expect((await api(`/runs/${own.steps[0].runId}`)).ok).toBe(false);
    expect((await cli.run('prune', '--run', run)).stdout).toBe('nothing matches\n');
  },
);

it.each([[['prune']], [['prune', '--hook', 'a', '--run', 'b']], [['prune', '--before', 'whenever']]])(
  'gimli %j is refused with what would be right',
  async (args) => {
    const { code, stderr } = await cli.run(...args);
    expect([code, stderr]).toEqual([1, expect.stringMatching(/give one of --before|--before must be/)]);
  },
);
