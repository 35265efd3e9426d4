import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.ts';
import { tempGateway } from '../support/temp-gateway.ts';

const steps = [
  { id: 'own', message: 'x', timeoutSeconds: 80_000 },
  { id: 'usual', message: 'x' },
];
const quiet = { deliver: false, messageTemplate: 'x' };
const gateway = await tempGateway(
  {
    hooks: {
      mappings: [
        { id: 'owner', match: { path: 'owner' }, ...quiet, timeoutSeconds: 7200 },
        { id: 'changed', match: { path: 'changed' }, ...quiet, transform: { module: 'long.js' } },
        {
          id: 'flow',
          match: { path: 'flow' },
          deliver: false,
          action: 'workflow',
          steps,
          transform: { module: 'long.js' },
        },
      ],
    },
  },
  (dir) => {
    fs.mkdirSync(path.join(dir, 'transforms'));
    fs.writeFileSync(path.join(dir, 'transforms', 'long.js'), 'export default () => ({ timeoutSeconds: 5000 });');
  },
);
const said = (asked: number) => `timeoutSeconds ${asked} was shortened to 3600: agents.defaults.maxTimeoutSeconds`;

/** How long the run may take, and what it says of that. */
async function timeOf(runId: string): Promise<[number | undefined, string | null]> {
  await gateway.ended(runId);
  const { run } = (await gateway.api('GET', `/runs/${runId}`)).body;
  return [run.action.timeoutSeconds, run.warning];
}

/** The same of each step. */
async function timesOf(workflowRunId: string): Promise<unknown[]> {
  const flow = async () => (await gateway.get(`workflows/${workflowRunId}`)).body.workflow;
  await eventually(async () => (await flow()).status === 'completed');
  return Promise.all((await flow()).steps.map(({ runId }: { runId: string }) => timeOf(runId)));
}

describe('a time that is longer than agents.defaults.maxTimeoutSeconds', () => {
  it.each<[string, object, number | undefined, string | null]>([
    ['agent', { message: 'x', timeoutSeconds: 86_400 }, 3600, said(86_400)],
    ['agent', { message: 'x', timeoutSeconds: 3600 }, 3600, null],
    ['agent', { message: 'x' }, undefined, null],
    ['changed', {}, 3600, said(5000)],
    ['owner', {}, 7200, null],
  ])('is shortened for callers and transforms, and the run says so: %s %j', async (hook, body, seconds, warning) => {
    expect(await timeOf((await gateway.post(hook, { ...body, deliver: false })).body.runId)).toEqual([
      seconds,
      warning,
    ]);
  });

  it('is shortened for the steps of a workflow too, but for those that are the own of the owner', async () => {
    const called = await gateway.post('workflow', {
      id: 'w',
      name: 'W',
      timeoutSeconds: 4000,
      steps: [
        { id: 'a', name: 'A', message: 'x', timeoutSeconds: 6000 },
        { id: 'b', name: 'B', message: 'x' },
        { id: 'c', name: 'C', message: 'x', timeoutSeconds: 60 },
      ],
    });
    expect(await timesOf(called.body.workflowRunId)).toEqual([
      [3600, said(6000)],
      [3600, said(4000)],
      [60, null],
    ]);
    expect(await timesOf((await gateway.post('flow', {})).body.workflowRunId)).toEqual([
      [80_000, null],
      [3600, said(5000)],
    ]);
  });
});
