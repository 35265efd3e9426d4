import { expect, it } from '@jest/globals';
import { eventually } from '../../support/eventually.ts';
import { providerError, startModel } from '../../support/model.ts';
import { tempGateway } from '../../support/temp-gateway.ts';

const never = new Promise<string>(() => {});
const model = await startModel(({ prompt }) => {
  if (prompt.includes('HOLD')) return never;
  if (prompt.includes('FAIL')) return providerError(400, 'I cannot');
  return 'First line.\nSecond line.';
});
const gateway = await tempGateway({
  agents: { ...model.agents, defaults: { ...model.agents.defaults, maxConcurrent: 1 } },
});

const started = Date.now();
const run = async (message: string, name: string): Promise<string> => {
  const payload = { message, name, sessionKey: `hook:${name}`, wakeMode: 'next-heartbeat', deliver: false };
  return (await gateway.post('agent', payload)).body.runId;
};
const names = ['GitHub issue', 'Gmail', 'digit', '100%', 'stats'];
const ids: string[] = [];
for (const name of names) ids.push(await run('do it', name));
const failed = await run('FAIL', 'Broken');
for (const id of [...ids, failed]) await gateway.ended(id);
// One run at a time, so the second of these waits.
const [running, pending] = [await run('HOLD', 'Running'), await run('HOLD', 'Pending')];
await eventually(() => model.calls.some(({ prompt }) => prompt.includes('HOLD')));

const list = async (query: string) => (await gateway.get(`runs${query}`)).body;
const namesOf = (body: { runs: { name: string }[] }) => body.runs.map((one) => one.name);
const newestFirst = ['Pending', 'Running', 'Broken', ...[...names].reverse()];

it('the list shows every run of a hook, newest first, fifty unless asked otherwise', async () => {
  const body = await list('');
  expect(body).toMatchObject({ ok: true, total: 8, limit: 50, offset: 0 });
  expect(namesOf(body)).toEqual(newestFirst);
});

it.each([
  ['?status=completed', [...names].reverse()],
  ['?status=error', ['Broken']],
  ['?status=running', ['Running']],
  ['?status=pending', ['Pending']],
  ['?name=git', ['digit', 'GitHub issue']],
  ['?name=GIT', ['digit', 'GitHub issue']],
  ['?name=100%25', ['100%']],
  ['?name=nobody', []],
  ['?status=completed&name=git', ['digit', 'GitHub issue']],
])('%s shows %j', async (query, expected) => {
  const body = await list(query);
  expect(namesOf(body)).toEqual(expected);
  expect(body.total).toBe(expected.length);
});

it.each([
  ['?limit=1', 0, 1],
  ['?limit=100', 0, 8],
  ['?limit=2&offset=1', 1, 3],
  ['?offset=7', 7, 8],
  ['?offset=99', 8, 8],
])('%s shows the runs from %i to %i, and the number of all', async (query, from, to) => {
  const body = await list(query);
  expect(namesOf(body)).toEqual(newestFirst.slice(from, to));
  expect(body.total).toBe(8);
});

it.each([
  ['?status=done', 'status'],
  ['?status=', 'status'],
  ['?limit=0', 'limit'],
  ['?limit=101', 'limit'],
  ['?limit=abc', 'limit'],
  ['?limit=1.5', 'limit'],
  ['?limit=', 'limit'],
  ['?offset=-1', 'offset'],
  ['?offset=x', 'offset'],
])('%s is a 400 that names %s', async (query, field) => {
  const answer = await gateway.get(`runs${query}`);
  expect(answer).toMatchObject({ status: 400, body: { ok: false, error: expect.stringMatching(`^${field} must be`) } });
});

it('the stats count by status', async () => {
  expect(await gateway.get('runs/stats')).toMatchObject({
    status: 200,
    body: { ok: true, stats: { total: 8, pending: 1, running: 1, completed: 5, error: 1 } },
  });
});

it('a run that is completed has all its fields', async () => {
  const { status, body } = await gateway.get(`runs/${ids[0]}`);
  expect(status).toBe(200);
  expect(body).toEqual({
    ok: true,
    run: {
      runId: ids[0],
      workflowRunId: null,
      name: 'GitHub issue',
      sessionKey: 'hook:GitHub issue',
      status: 'completed',
      createdAt: expect.any(Number),
      startedAt: expect.any(Number),
      completedAt: expect.any(Number),
      summary: 'First line.',
      warning: null,
      outputText: 'First line.\nSecond line.',
      error: null,
      errorCode: null,
      attempts: 1,
      model: 'anthropic/claude-haiku-5-5',
      usage: { inputTokens: 0, outputTokens: 0 },
      cost: null,
      delivery: null,
    },
  });
  const { createdAt, startedAt, completedAt } = body.run;
  const times = [started, createdAt, startedAt, completedAt, Date.now()];
  expect(times).toEqual([...times].sort((a, b) => a - b));
});

it.each([
  ['waits', pending, { status: 'pending', startedAt: null, completedAt: null, attempts: 0, outputText: null }],
  ['is under way', running, { status: 'running', startedAt: expect.any(Number), completedAt: null, attempts: 1 }],
  ['failed', failed, { status: 'error', completedAt: expect.any(Number), errorCode: 'provider', outputText: null }],
])('a run that %s says so', async (_, id, fields) => {
  expect((await gateway.get(`runs/${id}`)).body.run).toMatchObject(fields);
});

it('a run that nobody knows is a 404, and a run may be named "stats"', async () => {
  expect(await gateway.get('runs/nobody')).toMatchObject({ status: 404, body: { ok: false, error: 'run not found' } });
  expect(namesOf(await list('?name=stats'))).toEqual(['stats']);
});

it('a heartbeat is no run of a hook', async () => {
  await gateway.post('wake', { text: 'good morning' });
  const beat = await eventually(async () => (await gateway.api('GET', '/runs?kind=heartbeat')).body.runs[0]);
  expect((await list('')).total).toBe(8);
  expect((await gateway.get('runs/stats')).body.stats.total).toBe(8);
  expect((await gateway.get(`runs/${beat.runId}`)).status).toBe(404);
});

it('reading needs the token', async () => {
  for (const path of ['runs', 'runs/stats', `runs/${ids[0]}`]) {
    expect((await gateway.get(path, { Authorization: 'Bearer wrong' })).status).toBe(401);
  }
});

it('lists have no reply, which may be long, for callers and for the owner; the run itself has', async () => {
  const lists = [(await gateway.get('runs')).body, (await gateway.api('GET', '/runs')).body];
  for (const { runs } of lists) {
    expect(runs.length).toBeGreaterThan(0);
    for (const one of runs) expect(one).not.toHaveProperty('outputText');
    expect(JSON.stringify(runs)).not.toContain('Second line.');
  }
  const id = ids[0] ?? '';
  expect((await gateway.get(`runs/${id}`)).body.run.outputText).toContain('Second line.');
  expect((await gateway.api('GET', `/runs/${id}`)).body.run.outputText).toContain('Second line.');
});
