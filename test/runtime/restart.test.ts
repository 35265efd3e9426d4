import path from 'node:path';
import { expect, it } from '@jest/globals';
import { sql } from 'kysely';
import { openSqliteStore } from '../../src/store/sqlite/sqlite-store.ts';
import { atEnd } from '../support/at-end.ts';
import { eventually } from '../support/eventually.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { startModel } from '../support/model.ts';
import { tempDir } from '../support/temp-dir.ts';

const dir = tempDir();

async function start(where: string, config: object): Promise<TestGateway> {
  const gateway = await startGateway(where, config);
  // Where a test fails before its own stop.
  atEnd(() => gateway.stop());
  return gateway;
}

it('a run that a stop cut short is handed back, and runs again after the start', async () => {
  const never = new Promise<string>(() => {});
  let patient = true;
  const model = await startModel(() => (patient ? never : 'Done at last.'));
  const before = await start(dir, { agents: model.agents });
  const { runId } = (await before.post('agent', { message: 'take your time', wakeMode: 'next-heartbeat' })).body;
  await eventually(() => model.calls.length === 1);
  await before.stop();
  expect(before.logs).toContainEqual(expect.objectContaining({ runId, msg: 'run handed back unfinished' }));

  patient = false;
  const after = await start(dir, { agents: model.agents });
  const ended = await after.ended(runId);
  expect(ended).toMatchObject({ status: 'completed', attempts: 1, outputText: 'Done at last.', error: null });
  expect(model.calls[1]?.messages).toHaveLength(1);
  await after.stop();
});

it('a stop waits for the runs under way, up to gateway.drainSeconds', async () => {
  const gate = Promise.withResolvers<string>();
  const model = await startModel(() => gate.promise);
  const config = { agents: model.agents, gateway: { drainSeconds: 20 } };
  const before = await start(dir, config);
  const { runId } = (await before.post('agent', { message: 'nearly there', wakeMode: 'next-heartbeat' })).body;
  await eventually(() => model.calls.length === 1);
  const stopped = before.stop();
  // No longer listening, so the stop has reached the runs.
  await eventually(() =>
    fetch(before.url).then(
      () => false,
      () => true,
    ),
  );
  gate.resolve('Just in time.');
  await stopped;

  const after = await start(dir, config);
  const { run } = (await after.get(`runs/${runId}`)).body;
  expect(run).toMatchObject({ status: 'completed', attempts: 1, outputText: 'Just in time.' });
  await after.stop();
});

it('what was accepted and is not done is done after the start: runs in their order, wakes of both modes', async () => {
  const never = new Promise<string>(() => {});
  let held = true;
  const model = await startModel(() => (held ? never : 'ok'));
  const before = await start(dir, { agents: model.agents });
  const ids: string[] = [];
  for (let n = 0; n < 5; n += 1) {
    const payload = { message: `n${n}`, sessionKey: 'hook:one', wakeMode: 'next-heartbeat' };
    ids.push((await before.post('agent', payload)).body.runId);
  }
  await before.post('wake', { text: 'the line that waits', mode: 'next-heartbeat' });
  await before.post('wake', { text: 'the line that wakes' });
  await before.stop();

  held = false;
  const after = await start(dir, { agents: model.agents });
  const starts: number[] = [];
  for (const id of ids) starts.push((await after.ended(id)).startedAt);
  expect(starts).toEqual([...starts].sort((a, b) => a - b));
  const [beat] = await eventually(async () => {
    const beats = await after.beats();
    return beats.length > 0 && beats;
  });
  expect(beat.prompt).toContain('"the line that waits"');
  expect(beat.prompt).toContain('"the line that wakes"');
  await after.stop();
});

it('a heartbeat that a stop cut short is taken up again with the lines it had; those that came after have their own', async () => {
  const never = new Promise<string>(() => {});
  let held = true;
  const model = await startModel(() => (held ? never : 'HEARTBEAT_OK'));
  const ownDir = tempDir();
  const before = await start(ownDir, { agents: model.agents });
  await before.post('wake', { text: 'early' });
  await eventually(() => model.calls.length === 1);
  await before.post('wake', { text: 'late' });
  await before.stop();

  held = false;
  const after = await start(ownDir, { agents: model.agents });
  const beats = await eventually(async () => {
    const all = await after.beats();
    return all.length === 2 && all;
  });
  expect(beats.map((beat) => beat.attempts)).toEqual([1, 1]);
  expect(beats.map((beat) => beat.prompt.match(/"(early|late)"/g))).toEqual([['"early"'], ['"late"']]);
  await after.stop();
});

it('stops are no failed attempts: a run that six of them cut short is done in the end', async () => {
  const never = new Promise<string>(() => {});
  let held = true;
  const model = await startModel(() => (held ? never : 'Done.'));
  const ownDir = tempDir();
  let gateway = await start(ownDir, { agents: model.agents });
  const { runId } = (await gateway.post('agent', { message: 'x', wakeMode: 'next-heartbeat' })).body;
  for (let stop = 1; stop <= 6; stop += 1) {
    await eventually(() => model.calls.length === stop);
    await gateway.stop();
    held = stop < 6;
    gateway = await start(ownDir, { agents: model.agents });
  }
  expect(await gateway.ended(runId)).toMatchObject({ status: 'completed', attempts: 1 });
  await gateway.stop();
});

it('a run that five crashes cut short is given up as interrupted, and can be tried again by hand', async () => {
  const never = new Promise<string>(() => {});
  let held = true;
  const model = await startModel(() => (held ? never : 'Done.'));
  const ownDir = tempDir();
  const before = await start(ownDir, { agents: model.agents });
  const { runId } = (await before.post('agent', { message: 'x', wakeMode: 'next-heartbeat' })).body;
  await eventually(() => model.calls.length === 1);
  await before.stop();
  // As the fifth crash leaves it.
  const store = await openSqliteStore(path.join(ownDir, 'data', 'gimli.db'));
  await store.write((tx) => sql`update jobs set status = 'running', attempt = 5 where ref = ${runId}`.execute(tx));
  await store.close();

  const after = await start(ownDir, { agents: model.agents });
  expect(await after.ended(runId)).toMatchObject({ status: 'error', errorCode: 'interrupted' });
  expect(model.calls).toHaveLength(1);
  expect(await after.jobs()).toMatchObject({ dead: 1 });

  held = false;
  await after.api('POST', `/runs/${runId}/retry`);
  await eventually(async () => (await after.get(`runs/${runId}`)).body.run.status === 'completed');
  expect(await after.jobs()).toMatchObject({ dead: 0 });
  await after.stop();
});

it('what was to be cancelled when a crash came ends at the start, and is not asked again', async () => {
  const never = new Promise<string>(() => {});
  const model = await startModel(() => never);
  const ownDir = tempDir();
  const before = await start(ownDir, { agents: model.agents });
  const steps = ['a', 'b'].map((id) => ({ id, name: id, message: id }));
  const { workflowRunId } = (await before.post('workflow', { id: 'w', name: 'W', steps, wakeMode: 'next-heartbeat' }))
    .body;
  const { runId } = (await before.post('agent', { message: 'c', wakeMode: 'next-heartbeat' })).body;
  await eventually(() => model.calls.length === 2);
  await before.stop();
  // As the crash leaves it: what the owner wants is noted, and the turns are under way.
  const store = await openSqliteStore(path.join(ownDir, 'data', 'gimli.db'));
  await store.write(async (tx) => {
    await sql`update jobs set status = 'running', attempt = 1`.execute(tx);
    await sql`update runs set status = 'running', cancelled = 1`.execute(tx);
  });
  await store.close();

  const after = await start(ownDir, { agents: model.agents });
  const workflow = await eventually(async () => {
    const now = (await after.get(`workflows/${workflowRunId}`)).body.workflow;
    return now.completedAt !== null && now;
  });
  expect(workflow).toMatchObject({ status: 'error', errorCode: 'cancelled' });
  expect(workflow.steps).toMatchObject([{ status: 'error', errorCode: 'cancelled' }, { status: 'skipped' }]);
  expect(await after.ended(runId)).toMatchObject({ status: 'error', errorCode: 'cancelled' });
  expect(model.calls).toHaveLength(2);
  expect(await after.jobs()).toMatchObject({ running: 0, queued: 0, waiting: 0 });
  await after.stop();
});
