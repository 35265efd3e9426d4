import fs from 'node:fs';
import path from 'node:path';
import { expect, it, jest } from '@jest/globals';
import { cliIn } from '../support/cli.ts';
import { eventually } from '../support/eventually.ts';
import { startModel } from '../support/model.ts';
import { tempDir } from '../support/temp-dir.ts';

jest.setTimeout(60_000);

/** Lets the calls that wait go on. */
const release: (() => void)[] = [];
let broken = true;
const model = await startModel(({ prompt }) => {
  if (prompt.includes('wait')) return new Promise<string>((resolve) => release.push(() => resolve('So be it.')));
  if (prompt.includes('break') && broken)
    return { error: { message: 'not \u001b[31mnow', type: 'invalid_request_error' }, status: 400 };
  return 'Done in a few words.';
});
const dir = tempDir();
const cli = cliIn(dir);
const config = {
  gateway: { port: 0, token: 'gateway-token-of-the-test' },
  hooks: {
    enabled: true,
    token: 'hook-token-of-the-test',
    mappings: [{ match: { path: 'one' }, messageTemplate: 'Please {{what}}', deliver: false }],
  },
  workflows: {
    release: {
      name: 'Release',
      steps: [
        { id: 'build', message: 'Build it' },
        { id: 'ship', name: 'Ship it', message: 'Ship it: {{what}}' },
      ],
    },
  },
  agents: { ...model.agents, defaults: { ...model.agents.defaults, heartbeat: { every: '0m', target: 'none' } } },
};
fs.writeFileSync(path.join(dir, 'gimli.json5'), JSON.stringify(config));

async function send(hook: string, body: object): Promise<Record<string, string>> {
  const { stdout } = await cli.run('send', hook, '--json', JSON.stringify(body));
  return JSON.parse(stdout.slice(stdout.indexOf('\n')));
}
// biome-ignore lint/suspicious/noExplicitAny: what a command prints is what the tests are about
async function json(...args: string[]): Promise<any> {
  return JSON.parse((await cli.run(...args, '--json')).stdout);
}

it('a workflow is listed, shown, retried and cancelled, and a run is watched', async () => {
  const gateway = await cli.start();
  const { workflowRunId = '' } = await send('workflow', { id: 'release', what: 'break' });
  const failed = await eventually(async () => {
    const workflow = await json('workflows', 'show', workflowRunId);
    return workflow.status === 'error' && workflow;
  });
  expect(failed.steps).toMatchObject([{ status: 'ok' }, { status: 'error', errorCode: 'provider' }]);

  const { stdout: list } = await cli.run('workflows', 'list', '--workflow', 'release');
  expect(list).toMatch(
    /^WORKFLOW RUN +CREATED +STATUS +STEPS +NAME +SUMMARY\nwf-\S+ .* error +1\/2 +Release +failed at Ship it/,
  );
  const { stdout: shown } = await cli.run('workflows', 'show', workflowRunId);
  expect(shown).toMatch(/^build +build +ok +\S+ +Done in a few words\.$/m);
  expect(shown).toMatch(/^ship +Ship it +error +\S+ .*HTTP 400/m);

  broken = false;
  expect(await cli.run('workflows', 'retry', workflowRunId)).toMatchObject({
    code: 0,
    stdout: `workflow ${workflowRunId} goes on at the step that failed\n`,
  });
  await eventually(async () => (await json('workflows', 'show', workflowRunId)).status === 'completed');
  const again = await cli.run('workflows', 'retry', workflowRunId);
  expect(again).toMatchObject({ code: 1, stderr: expect.stringContaining('this one is completed') });

  const { workflowRunId: waiting = '' } = await send('workflow', { id: 'release', what: 'wait' });
  await eventually(() => release.length > 0);
  expect((await cli.run('workflows', 'cancel', waiting)).code).toBe(0);
  await eventually(async () => (await json('workflows', 'show', waiting)).errorCode === 'cancelled');
  expect((await cli.run('workflows', 'cancel', 'wf-none')).stderr).toBe('workflow run not found\n');

  release.length = 0;
  const { runId = '' } = await send('one', { what: 'wait' });
  await eventually(() => release.length > 0);
  const watched = cli.run('runs', 'watch', runId);
  for (const go of release.splice(0)) go();
  expect(await watched).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/So be it\.\n── completed by anthropic\/claude-haiku-5-5\n$/),
  });
  broken = true;
  const { runId: bad = '' } = await send('one', { what: 'break' });
  const { code, stdout } = await cli.run('runs', 'watch', bad);
  expect(code).toBe(1);
  expect(stdout).toMatch(/── error \(provider\): .*not {1,2}\[31mnow\n$/);
  expect(stdout).not.toContain('\u001b');

  await gateway.stop();
  const offline = await cli.run('runs', 'watch', runId, '--json');
  expect(JSON.parse(offline.stdout)).toMatchObject({ event: 'run', run: { status: 'completed' } });
  expect((await json('workflows')).workflows).toHaveLength(2);
});
