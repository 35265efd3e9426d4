import { expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.ts';
import { startModel } from '../support/model.ts';
import { tempGateway } from '../support/temp-gateway.ts';

/** Lets the calls that wait go on. */
const release: (() => void)[] = [];
const model = await startModel((call) =>
  call.prompt.includes('slow') ? new Promise<string>((resolve) => release.push(() => resolve('Late.'))) : 'Done.',
);
const gateway = await tempGateway({ agents: model.agents });

const start = async (message: string, sessionKey: string): Promise<string> =>
  (await gateway.post('agent', { message, sessionKey, deliver: false, wakeMode: 'next-heartbeat' })).body.runId;
const cancel = (runId: string) => gateway.api('POST', `/runs/${runId}/cancel`);
const statusOf = async (runId: string) => (await gateway.get(`runs/${runId}`)).body.run.status;
const running = (runId: string) => eventually(async () => (await statusOf(runId)) === 'running');
const cancelled = { status: 'error', errorCode: 'cancelled', error: 'cancelled by the owner' };

it('a run under way is broken off, is not tried again, and lets the next of its session go on', async () => {
  const first = await start('be slow', 'hook:one');
  const second = await start('be quick', 'hook:one');
  await running(first);
  expect((await cancel(first)).status).toBe(202);
  expect(await gateway.ended(first)).toMatchObject({ ...cancelled, attempts: 1 });
  expect(await gateway.ended(second)).toMatchObject({ status: 'completed', outputText: 'Done.' });
  // The answer that comes too late changes nothing, whatever else is done meanwhile.
  for (const go of release.splice(0)) go();
  await gateway.ended(await start('be nice', 'hook:one'));
  expect(await statusOf(first)).toBe('error');
});

it('a run that waits ends at once, and those before and after it in its session stay as they are', async () => {
  const [first, second, third] = [
    await start('be slow', 'hook:two'),
    await start('be quick', 'hook:two'),
    await start('be quick too', 'hook:two'),
  ];
  await running(first);
  expect((await cancel(second)).status).toBe(202);
  expect((await gateway.get(`runs/${second}`)).body.run).toMatchObject({ ...cancelled, attempts: 0 });
  expect(await statusOf(first)).toBe('running');
  for (const go of release.splice(0)) go();
  expect(await gateway.ended(first)).toMatchObject({ status: 'completed' });
  expect(await gateway.ended(third)).toMatchObject({ status: 'completed' });
  expect(model.calls.filter(({ prompt }) => prompt.includes('be quick"'))).toHaveLength(1);
});

it('main hears of it, and the run can be retried', async () => {
  const runId = await start('be slow', 'hook:three');
  await running(runId);
  await cancel(runId);
  await gateway.ended(runId);
  for (const go of release.splice(0)) go();
  await gateway.post('wake', { text: 'look' });
  await eventually(async () =>
    (await gateway.beats()).some(({ prompt }) => prompt.includes('failed (cancelled): cancelled by the owner')),
  );
  expect((await gateway.api('POST', `/runs/${runId}/retry`)).status).toBe(202);
  await eventually(async () => {
    for (const go of release.splice(0)) go();
    return (await statusOf(runId)) === 'completed';
  });
});

it('what has ended, is a heartbeat or does not exist is not cancelled', async () => {
  const runId = await start('be quick', 'hook:four');
  await gateway.ended(runId);
  expect(await cancel(runId)).toMatchObject({ status: 409, body: { error: 'the run has ended already' } });
  expect((await cancel('nobody')).status).toBe(404);
  const [beat] = await gateway.beats();
  expect((await cancel(beat.runId)).status).toBe(409);
});
