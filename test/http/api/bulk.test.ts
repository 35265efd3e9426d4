import { describe, expect, it } from '@jest/globals';
import { eventually } from '../../support/eventually.ts';
import { providerError, startModel } from '../../support/model.ts';
import { tempGateway } from '../../support/temp-gateway.ts';

let healthy = true;
/** The calls that are kept open. */
const open: (() => void)[] = [];
const model = await startModel(({ prompt }) => {
  if (/\bslowly\b/.test(prompt)) return new Promise<string>((resolve) => open.push(() => resolve('Done at last.')));
  return healthy || !/\bfails\b/.test(prompt) ? 'Done.' : providerError(400, 'I cannot');
});
const gateway = await tempGateway({
  agents: { ...model.agents, defaults: { ...model.agents.defaults, maxConcurrent: 2 } },
  hooks: {
    mappings: ['first', 'second'].map((id) => ({
      id,
      match: { path: id },
      name: '{{name}}',
      messageTemplate: 'Do {{how}}',
      sessionKey: '{{session}}',
      wakeMode: 'next-heartbeat',
      deliver: false,
    })),
  },
});

const start = async (hook: string, name: string, how = 'it', session = ''): Promise<string> =>
  (await gateway.post(hook, { name, how, session })).body.runId;
const fail = async (hook: string, name: string): Promise<string> => {
  healthy = false;
  const id = await start(hook, name, 'what fails');
  expect(await gateway.ended(id)).toMatchObject({ status: 'error', errorCode: 'provider' });
  healthy = true;
  return id;
};
const retry = (query: string) => gateway.api('POST', `/runs/retry?${query}`);
const cancel = (query: string) => gateway.api('POST', `/runs/cancel?${query}`);
const list = async (query: string) => (await gateway.api('GET', `/runs?${query}`)).body;
const idsOf = ({ runs }: { runs: { runId: string }[] }) => runs.map(({ runId }) => runId);
const endedAll = (ids: readonly string[]) => Promise.all(ids.map((id) => gateway.ended(id)));

describe('the list of runs', () => {
  it('is narrowed by hook, code, time and several statuses, and its total with it', async () => {
    const before = new Date().toISOString();
    const failed = await fail('first', 'Listed one');
    const done = await start('second', 'Listed two');
    await gateway.ended(done);
    for (const [query, ids] of [
      ['hook=first', [failed]],
      ['code=provider', [failed]],
      ['code=timeout', []],
      ['status=completed,error', [done, failed]],
      ['status=pending,running', []],
      [`since=${before}`, [done, failed]],
      ['since=1h', [done, failed]],
      [`since=${new Date(Date.now() + 60_000).toISOString()}`, []],
      [`hook=second&since=${before}&status=completed`, [done]],
    ] as const) {
      const body = await list(`name=listed&${query}`);
      expect([query, idsOf(body), body.total]).toEqual([query, ids, ids.length]);
    }
    expect(await list('status=completed,error')).toMatchObject({ total: 2 });
    expect(await list('hook=first&limit=1')).toMatchObject({ total: 1, runs: [{ runId: failed }] });
  });

  it.each([
    ['code=x', /^code must be one of timeout, /],
    ['since=yesterday', /^since must be a time such as 2h/],
    ['since=120', /^since must be/],
    ['since=2026-13-40', /^since must be/],
    ['status=error,x', /^status must be one of/],
    ['status=', /^status must be one of/],
  ])('refuses %s', async (query, error) => {
    const { status, body } = await gateway.api('GET', `/runs?${query}`);
    expect({ status, body }).toMatchObject({ status: 400, body: { ok: false, error: expect.stringMatching(error) } });
  });
});

describe('retry in bulk', () => {
  it('does all again that match and are in error, and nothing else', async () => {
    const failed = [await fail('first', 'Bulk a'), await fail('second', 'Bulk b')];
    const other = await fail('first', 'Left alone');
    const well = await start('first', 'Bulk well');
    await gateway.ended(well);
    expect(await retry('name=bulk&expect=2')).toMatchObject({
      status: 200,
      body: { ok: true, matched: 2, done: 2, refused: 0 },
    });
    const runs = await endedAll(failed);
    expect(runs.map(({ status, attempts }) => [status, attempts])).toEqual(failed.map(() => ['completed', 1]));
    expect(await gateway.ended(other)).toMatchObject({ status: 'error' });
    expect(gateway.logs).toContainEqual(expect.objectContaining({ msg: 'runs retried by hand', matched: 2, done: 2 }));
  });

  it('does nothing where more match than were seen, and says how many; fewer are no matter', async () => {
    const failed = [await fail('first', 'Count a'), await fail('first', 'Count b')];
    expect(await retry('name=count&expect=1')).toMatchObject({
      status: 409,
      body: { ok: false, code: 'conflict', matched: 2, error: '2 runs match now, and you expect 1: nothing was done' },
    });
    expect((await endedAll(failed)).map(({ status }) => status)).toEqual(['error', 'error']);
    expect(await retry('name=count&expect=9')).toMatchObject({ status: 200, body: { matched: 2, done: 2 } });
    await endedAll(failed);
  });

  it('matches nothing, and says so', async () => {
    const body = { ok: true, matched: 0, done: 0, refused: 0 };
    expect(await retry('code=refusal&expect=0')).toMatchObject({ status: 200, body });
    expect(await retry('hook=nowhere&expect=5')).toMatchObject({ status: 200, body });
    expect(await cancel('name=nobody&expect=0')).toMatchObject({ status: 200, body });
  });

  it('never touches a heartbeat', async () => {
    healthy = false;
    await gateway.post('wake', { text: 'This fails', mode: 'now' });
    const beat = await eventually(async () => (await list('kind=heartbeat&status=error')).runs[0]);
    healthy = true;
    const { total } = await list('kind=hook&status=error');
    expect(await retry(`status=error&expect=${total}`)).toMatchObject({ body: { matched: total, done: total } });
    expect(await retry('hook=heartbeat&expect=9')).toMatchObject({ body: { matched: 0 } });
    expect(await gateway.ended(beat.runId)).toMatchObject({ kind: 'heartbeat', status: 'error' });
  });

  it('goes on with a workflow at the first step that failed, and refuses the steps after it', async () => {
    healthy = false;
    const { workflowRunId } = (
      await gateway.post('workflow', {
        id: 'w',
        name: 'W',
        wakeMode: 'next-heartbeat',
        continueOnError: true,
        steps: ['one', 'two', 'three'].map((id) => ({ id, name: `Step ${id}`, message: 'Do what fails' })),
      })
    ).body;
    const workflow = () =>
      eventually(async () => {
        const found = (await gateway.api('GET', `/workflows/${workflowRunId}`)).body.workflow;
        return found.completedAt !== null && found;
      });
    expect(await workflow()).toMatchObject({ status: 'error' });
    expect(await list('name=step&status=error')).toMatchObject({ total: 3 });
    healthy = true;
    expect(await retry('name=step&expect=3')).toMatchObject({ body: { matched: 3, done: 1, refused: 2 } });
    expect(await workflow()).toMatchObject({ status: 'completed' });
    // What was taken back stays in the list, and is refused for good.
    expect(await retry('name=step&expect=2')).toMatchObject({ body: { matched: 2, done: 0, refused: 2 } });
  });
});

describe('cancel in bulk', () => {
  it('ends what waits at once and what is under way, in any session, and begins nothing instead', async () => {
    const asked = model.calls.length;
    const running = [await start('first', 'Flush a', 'it slowly'), await start('second', 'Flush b', 'it slowly', 's')];
    await eventually(() => open.length === 2);
    const waiting: string[] = [];
    for (let at = 0; at < 20; at += 1) waiting.push(await start('second', `Flush ${at}`, 'it', at % 2 ? 's' : ''));
    const { total } = await list('name=flush&status=pending,running');
    expect(total).toBe(22);
    expect(await cancel('name=flush&expect=22')).toMatchObject({
      body: { ok: true, matched: 22, done: 22, refused: 0 },
    });
    for (const run of await endedAll([...running, ...waiting]))
      expect(run).toMatchObject({ status: 'error', errorCode: 'cancelled' });
    open.splice(0).forEach((go) => void go());
    expect(model.calls.length).toBe(asked + 2);
    expect(await list('name=flush&code=cancelled')).toMatchObject({ total: 22 });
    expect(await cancel('name=flush&expect=22')).toMatchObject({ body: { matched: 0 } });
    const { heartbeat } = (await gateway.api('GET', '/heartbeat')).body;
    expect(JSON.stringify(heartbeat)).not.toContain('Flush 7');
  });

  it.each([
    ['in the queue', 'other'],
    ['in one session', 'same'],
  ])('ends 500 runs that are paused %s, and the gateway answers meanwhile', async (_, kind) => {
    await gateway.api('POST', '/pause?hook=second');
    const posts = Array.from({ length: 500 }, (__, at) =>
      start('second', `Many ${kind} ${at}`, 'it', kind === 'same' ? 'one' : ''),
    );
    await Promise.all(posts);
    const began = performance.now();
    const work = cancel(`name=many ${kind}&hook=second&expect=500`);
    let slowest = 0;
    let over = false;
    void work.then(() => {
      over = true;
    });
    while (!over) {
      const asked = performance.now();
      await fetch(`${gateway.url}/healthz`);
      slowest = Math.max(slowest, performance.now() - asked);
    }
    expect(await work).toMatchObject({ status: 200, body: { matched: 500, done: 500, refused: 0 } });
    expect(performance.now() - began).toBeLessThan(5000);
    expect(slowest).toBeLessThan(1000);
    expect(await list(`name=many ${kind}&status=pending,running`)).toMatchObject({ total: 0 });
    await gateway.api('POST', '/resume?hook=second');
    const after = await start('second', 'After the flush', 'it', 'one');
    expect(await gateway.ended(after)).toMatchObject({ status: 'completed' });
  });

  it('ends a workflow with the step at which it is', async () => {
    const steps = ['one', 'two'].map((id) => ({ id, name: `Halted ${id}`, message: 'Do it slowly' }));
    const { workflowRunId } = (
      await gateway.post('workflow', { id: 'h', name: 'H', wakeMode: 'next-heartbeat', steps })
    ).body;
    await eventually(() => open.length === 1);
    expect(await cancel('name=halted&status=running&expect=1')).toMatchObject({ body: { matched: 1, done: 1 } });
    await eventually(async () => {
      const { workflow } = (await gateway.api('GET', `/workflows/${workflowRunId}`)).body;
      return workflow.status === 'error' && workflow.errorCode === 'cancelled';
    });
    open.splice(0).forEach((go) => void go());
    expect(await list('name=halted')).toMatchObject({ total: 1 });
  });
});

describe('bulk work is refused', () => {
  it.each([
    ['retry', 'expect=5', 'give at least one filter of status, code, name, since, hook'],
    ['cancel', 'expect=5', 'give at least one filter of status, code, name, since, hook'],
    ['retry', 'status=error', expect.stringMatching(/^expect must be the number of runs/)],
    ['retry', 'status=error&expect=all', expect.stringMatching(/^expect must be the number of runs/)],
    ['retry', 'status=error&expect=-1', expect.stringMatching(/^expect must be/)],
    ['retry', 'nmae=x&status=error&expect=5', 'there is no filter "nmae"; there are status, code, name, since, hook'],
    ['retry', 'code=screened&unscreened=true&expect=5', expect.stringMatching(/^there is no filter "unscreened"/)],
    ['cancel', 'kind=heartbeat&expect=5', expect.stringMatching(/^there is no filter "kind"/)],
    ['retry', 'name=&expect=5', 'name must not be empty'],
    ['retry', 'code=bogus&expect=5', expect.stringMatching(/^code must be one of timeout, /)],
    ['retry', 'status=lost&expect=5', expect.stringMatching(/^status must be one of pending, /)],
    ['retry', 'since=soon&expect=5', expect.stringMatching(/^since must be a time such as/)],
    ['retry', 'status=completed&expect=5', 'only runs that are error can be retried, not those that are completed'],
    [
      'cancel',
      'status=error&expect=5',
      'only runs that are pending or running can be cancelled, not those that are error',
    ],
  ])('%s?%s', async (verb, query, error) => {
    const { status, body } = await gateway.api('POST', `/runs/${verb}?${query}`);
    expect({ status, body }).toEqual({ status: 400, body: { ok: false, code: 'parameter', error } });
  });

  it('without the token of the owner', async () => {
    for (const verb of ['retry', 'cancel']) {
      const { status } = await fetch(`${gateway.url}/api/runs/${verb}?status=error&expect=9`, { method: 'POST' });
      expect(status).toBe(401);
    }
  });
});
