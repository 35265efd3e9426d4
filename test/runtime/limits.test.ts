import { expect, it } from '@jest/globals';
import { atEnd } from '../support/at-end.ts';
import { eventually } from '../support/eventually.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { providerError, startModel } from '../support/model.ts';
import { tempDir } from '../support/temp-dir.ts';

const mapping = (id: string, more: object = {}) => ({
  id,
  match: { path: id },
  deliver: false,
  updateMainSession: 'blocked',
  messageTemplate: 'Do {{n}}',
  ...more,
});

async function start(dir: string, config: object): Promise<TestGateway> {
  const gateway = await startGateway(dir, config);
  atEnd(() => gateway.stop());
  return gateway;
}

async function post(to: TestGateway, hook: string, count: number, payload: object = {}): Promise<string[]> {
  const ids: string[] = [];
  for (let n = 1; n <= count; n += 1) {
    const { status, body } = await to.post(hook, { n, ...payload });
    expect(status).toBe(202);
    ids.push(body.runId);
  }
  return ids;
}

/** What each run waits for, or its status where it does not wait. */
async function states(of: TestGateway, ids: readonly string[]): Promise<string[]> {
  const runs = await Promise.all(ids.map(async (id) => (await of.api('GET', `/runs/${id}`)).body.run));
  return runs.map((run) => run.waiting ?? run.status);
}

it('of a mapping with maxConcurrent so many runs are under way, in their order, and others pass the rest', async () => {
  const gates: (() => void)[] = [];
  const model = await startModel(({ prompt }) =>
    prompt.includes('webhook:narrow') ? new Promise((resolve) => gates.push(() => resolve('Done.'))) : 'Done at once.',
  );
  const mappings = [mapping('narrow', { maxConcurrent: 2 }), mapping('wide')];
  const gateway = await start(tempDir(), { hooks: { mappings }, agents: model.agents });
  const narrow = await post(gateway, 'narrow', 12);
  for (const id of await post(gateway, 'wide', 3)) expect((await gateway.ended(id)).status).toBe('completed');
  expect(await states(gateway, narrow.slice(0, 4))).toEqual(['running', 'running', 'maxConcurrent', 'maxConcurrent']);

  for (let done = 0; done < narrow.length; done += 1) {
    // Two are asked at once until the last is.
    await eventually(() => gates.length === Math.min(done + 2, narrow.length));
    gates[done]?.();
  }
  const runs = await Promise.all(narrow.map((id) => gateway.ended(id)));
  const starts = runs.map(({ startedAt }) => startedAt);
  expect(starts).toEqual(starts.toSorted((one, other) => one - other));
});

it('of a mapping with a rate the rest waits, through a restart, until the rate is raised or taken away', async () => {
  const dir = tempDir();
  const config = (more: object) => ({ hooks: { mappings: [mapping('rated', more), mapping('free')] } });
  const before = await start(dir, config({ rate: '2/d' }));
  const ids = await post(before, 'rated', 5);
  for (const id of [...ids.slice(0, 2), ...(await post(before, 'free', 3))]) await before.ended(id);
  expect(await states(before, ids)).toEqual(['completed', 'completed', 'rate', 'rate', 'rate']);
  await before.stop();

  const after = await start(dir, config({ rate: '2/d' }));
  ids.push(...(await post(after, 'rated', 1)));
  for (const id of await post(after, 'free', 1)) await after.ended(id);
  expect(await states(after, ids.slice(2))).toEqual(['rate', 'rate', 'rate', 'rate']);
  after.writeConfig(config({ rate: '3/d' }));
  await after.gimli.reload();
  await after.ended(ids[2] ?? '');
  expect(await states(after, ids.slice(3))).toEqual(['rate', 'rate', 'rate']);
  after.writeConfig({ hooks: { mappings: [mapping('free')] } });
  await after.gimli.reload();
  for (const id of ids) expect(await after.ended(id)).toMatchObject({ status: 'completed', waiting: null });
});

it('a rate counts no attempt but the first, neither the worker’s nor one by hand', async () => {
  const answers = [providerError(529, 'busy'), providerError(400, 'no'), 'Done.'];
  const model = await startModel(() => answers.shift() ?? 'none left');
  const gateway = await start(tempDir(), {
    hooks: { mappings: [mapping('rated', { rate: '1/d' })] },
    agents: model.agents,
  });
  const [id = '', behind = ''] = await post(gateway, 'rated', 2);
  await eventually(async () => (await states(gateway, [id])).includes('another attempt'));
  expect(await gateway.ended(id)).toMatchObject({ status: 'error', attempts: 2 });
  await gateway.api('POST', `/runs/${id}/retry`);
  await eventually(async () => (await states(gateway, [id])).includes('completed'));
  expect(await states(gateway, [behind])).toEqual(['rate']);
});

it('a run retried by hand keeps to maxConcurrent', async () => {
  const gate = Promise.withResolvers<string>();
  const answers = [providerError(400, 'no'), gate.promise];
  const model = await startModel(() => answers.shift() ?? 'Done.');
  const gateway = await start(tempDir(), {
    hooks: { mappings: [mapping('narrow', { maxConcurrent: 1 })] },
    agents: model.agents,
  });
  const [failed = ''] = await post(gateway, 'narrow', 1);
  await gateway.ended(failed);
  const [running = ''] = await post(gateway, 'narrow', 1);
  await eventually(() => model.calls.length === 2);
  await gateway.api('POST', `/runs/${failed}/retry`);
  expect(await states(gateway, [running, failed])).toEqual(['running', 'maxConcurrent']);
  gate.resolve('Done.');
  await eventually(async () => (await states(gateway, [failed])).includes('completed'));
});

it('a run that waits says whether for its session or for a free place', async () => {
  const gate = Promise.withResolvers<string>();
  const model = await startModel(() => gate.promise);
  const { defaults, providers } = model.agents;
  const gateway = await start(tempDir(), {
    hooks: { mappings: [mapping('session', { sessionKey: 'hook:{{session}}' })] },
    agents: { defaults: { ...defaults, maxConcurrent: 1 }, providers },
  });
  const ids = [
    ...(await post(gateway, 'session', 1, { session: 'a' })),
    ...(await eventually(() => model.calls.length === 1 && post(gateway, 'session', 1, { session: 'a' }))),
    ...(await post(gateway, 'session', 1, { session: 'b' })),
  ];
  expect(await states(gateway, ids)).toEqual(['running', 'behind another run of the session', 'a free place']);
  gate.resolve('Done.');
  for (const id of ids) expect(await gateway.ended(id)).toMatchObject({ status: 'completed', waiting: null });
});

it('a burst that is gathered counts as one run of its rate, and grows while it waits for it', async () => {
  const coalesce = { key: '{{key}}', quietSeconds: 0 };
  const gateway = await start(tempDir(), { hooks: { mappings: [mapping('both', { coalesce, rate: '1/d' })] } });
  const [first = ''] = await post(gateway, 'both', 1, { key: 'a' });
  await gateway.ended(first);
  const [second, third, fourth = ''] = await post(gateway, 'both', 3, { key: 'a' });
  expect([second, third]).toEqual([fourth, fourth]);
  const { run } = (await gateway.api('GET', `/runs/${fourth}`)).body;
  expect(run).toMatchObject({ status: 'pending', waiting: 'rate' });
  expect(run.eventIds).toHaveLength(3);
});
