import { expect, it } from '@jest/globals';
import { eventually } from '../../support/eventually.ts';
import { gatewayToken, hookToken } from '../../support/gateway.ts';
import { startModel } from '../../support/model.ts';
import { tempGateway } from '../../support/temp-gateway.ts';

/** Lets the calls that wait go on. */
const release: (() => void)[] = [];
const model = await startModel(({ prompt }) => {
  if (prompt.startsWith('[heartbeat]')) return prompt.includes('is slow') ? held('I heard.') : 'I heard.';
  return prompt.includes('be slow') ? held('Late.') : `Reply to ${/^message: "(.*)"$/m.exec(prompt)?.[1]}`;
});
const gateway = await tempGateway({
  agents: model.agents,
  hooks: {
    mappings: [
      { match: { path: 'asks' }, messageTemplate: 'Answer {{text}}', context: 'main', updateMainSession: 'blocked' },
    ],
  },
});

function held(reply: string): Promise<string> {
  return new Promise((resolve) => release.push(() => resolve(reply)));
}
async function letGo(): Promise<void> {
  await eventually(() => release.length > 0);
  for (const go of release.splice(0)) go();
}

const start = async (message: string, sessionKey: string): Promise<string> => {
  const { status, body } = await gateway.post('agent', { message, sessionKey, wakeMode: 'next-heartbeat' });
  expect(status).toBe(202);
  return body.runId;
};
const ask = async (message: string, sessionKey: string) => gateway.ended(await start(message, sessionKey));
const running = (runId: string) =>
  eventually(async () => (await gateway.get(`runs/${runId}`)).body.run.status === 'running');
const pathOf = (key: string) => `/sessions/${encodeURIComponent(key)}`;
const show = async (key: string, query = '') => (await gateway.api('GET', `${pathOf(key)}${query}`)).body;
const clear = (key: string) => gateway.api('POST', `${pathOf(key)}/clear`);
/** What the model was sent in the call with these words, oldest message first. */
const sent = (words: string) => model.calls.find(({ prompt }) => prompt.includes(words))?.messages;

it('sessions are listed with the one that was last spoken in first, page by page', async () => {
  await ask('one', 'list:a');
  await ask('two', 'list:b');
  const last = await ask('three', 'list:a');
  const first = (await gateway.api('GET', '/sessions?limit=1')).body;
  expect(first).toEqual({
    ok: true,
    sessions: [{ sessionKey: 'list:a', turns: 2, updatedAt: last.completedAt, clearedAt: null }],
    next: expect.any(String),
  });
  await ask('four', 'list:c');
  const second = await gateway.api('GET', `/sessions?limit=1&before=${encodeURIComponent(first.next)}`);
  expect(second.body).toMatchObject({ sessions: [{ sessionKey: 'list:b', turns: 1 }], next: null });
  const { sessions, next } = (await gateway.api('GET', '/sessions')).body;
  expect(sessions.map(({ sessionKey }: { sessionKey: string }) => sessionKey)).toEqual(['list:c', 'list:a', 'list:b']);
  expect(next).toBeNull();
});

it('a session is shown with its turns, oldest first, of which the newest are kept', async () => {
  const runs = [await ask('red', 'shown'), await ask('green', 'shown'), await ask('blue', 'shown')];
  const turns = runs.map(({ runId, name, completedAt, model, prompt, outputText }) => {
    return { runId, name, completedAt, model, prompt, outputText };
  });
  const session = { sessionKey: 'shown', turns: 3, updatedAt: runs[2].completedAt, clearedAt: null };
  expect(await show('shown')).toEqual({ ok: true, session, turns });
  expect(await show('shown', '?limit=2')).toEqual({ ok: true, session, turns: turns.slice(1) });
  expect(turns[0]).toMatchObject({ outputText: 'Reply to red', prompt: expect.stringContaining('"red"') });
});

it('a session that was cleared starts anew, and its runs stay in the list of runs', async () => {
  const before = await ask('my name is Ada', 'cleared');
  expect(await clear('cleared')).toMatchObject({ status: 200, body: { ok: true, sessionKey: 'cleared' } });
  expect(await show('cleared')).toMatchObject({
    session: { turns: 0, updatedAt: before.completedAt, clearedAt: expect.any(Number) },
    turns: [],
  });
  await ask('who am I', 'cleared');
  expect(sent('who am I')).toEqual([expect.stringContaining('who am I')]);
  await ask('and where', 'cleared');
  expect(sent('and where')).toEqual([
    expect.stringContaining('who am I'),
    'Reply to who am I',
    expect.stringContaining('and where'),
  ]);
  expect((await show('cleared')).session).toMatchObject({ turns: 2 });
  expect((await gateway.api('GET', `/runs/${before.runId}`)).body.run).toMatchObject({ status: 'completed' });
});

it('a session is not cleared while a run of it is under way; one that waits does not matter', async () => {
  await ask('hello', 'busy');
  const slow = await start('be slow', 'busy');
  const next = await start('what was said', 'busy');
  await running(slow);
  const refused = await clear('busy');
  expect(refused).toMatchObject({ status: 409, body: { ok: false, error: expect.stringContaining(slow) } });
  expect((await show('busy')).session).toMatchObject({ turns: 1, clearedAt: null });
  expect((await clear('shown')).status).toBe(200);
  await letGo();
  await gateway.ended(next);
  expect(sent('what was said')).toHaveLength(5);
  expect((await clear('busy')).status).toBe(200);
});

it('main can be shown and cleared: neither it nor who sees it is told again what it read before', async () => {
  const beat = async (text: string) => {
    const count = (await gateway.beats()).length;
    await gateway.post('wake', { text });
    return eventually(async () => (await gateway.beats())[count]);
  };
  const first = await beat('the tide is high');
  expect(await show('main')).toMatchObject({
    session: { sessionKey: 'main', turns: 1 },
    turns: [{ runId: first.runId, name: 'Heartbeat', prompt: first.prompt, outputText: 'I heard.' }],
  });
  await gateway.post('wake', { text: 'the train is slow' });
  await eventually(() => release.length > 0);
  expect((await clear('main')).status).toBe(409);
  await letGo();
  await eventually(async () => (await gateway.beats()).length === 2);
  const seen = await gateway.ended((await gateway.post('asks', { text: 'first' })).body.runId);
  expect(seen.prompt).toContain('the tide is high');

  expect((await clear('main')).status).toBe(200);
  const alone = await gateway.ended((await gateway.post('asks', { text: 'second' })).body.runId);
  expect(alone.prompt).not.toContain('the tide is high');
  await beat('the moon is out');
  expect(sent('the moon is out')).toHaveLength(1);
});

it('a key may have any characters', async () => {
  for (const key of ['mail/a:b/c', 'a b?c=d&e#f', '100%', '%2F', '"quoted"', 'åß漢🙂', '__proto__', 'x/clear']) {
    const { runId } = await ask('hi', key);
    expect(await show(key)).toMatchObject({ session: { sessionKey: key, turns: 1 }, turns: [{ runId }] });
    const next = `${(await show(key)).session.updatedAt + 1}:${key}`;
    const { body } = await gateway.api('GET', `/sessions?limit=1&before=${encodeURIComponent(next)}`);
    expect(body.sessions).toMatchObject([{ sessionKey: key }]);
    expect((await clear(key)).body).toEqual({ ok: true, sessionKey: key });
    expect(await show(key)).toMatchObject({ session: { turns: 0 }, turns: [] });
  }
});

it('what no run has completed in is no session', async () => {
  for (const key of ['nobody', 'shown/']) {
    const missing = { status: 404, body: { ok: false, code: 'not-found', error: 'session not found' } };
    expect(await gateway.api('GET', pathOf(key))).toMatchObject(missing);
    expect(await clear(key)).toMatchObject(missing);
  }
});

it.each(['?limit=0', '?limit=101', '?limit=x', '/shown?limit=0', '?before=x', '?before=1:', '?before='])(
  'GET /api/sessions%s is refused',
  async (path) => {
    expect(await gateway.api('GET', `/sessions${path}`)).toMatchObject({ status: 400, body: { ok: false } });
  },
);

it('sessions are for the gateway’s token alone', async () => {
  for (const [method, path] of [
    ['GET', '/sessions'],
    ['GET', '/sessions/shown'],
    ['POST', '/sessions/shown/clear'],
  ] as const) {
    const status = async (token: string) => {
      const headers = { Authorization: `Bearer ${token}` };
      return (await fetch(`${gateway.url}/api${path}`, { method, headers })).status;
    };
    expect([await status(hookToken), await status(gatewayToken)]).toEqual([401, 200]);
  }
});

it('a session is not cleared between two steps of a workflow', async () => {
  const key = 'of a workflow';
  const steps = [{ message: 'one' }, { message: 'be slow' }, { message: 'three' }];
  const { body } = await gateway.post('workflow', {
    id: 'w',
    name: 'W',
    sessionKey: key,
    steps: steps.map((step, at) => ({ id: `s${at}`, name: 'S', ...step })),
    wakeMode: 'next-heartbeat',
  });
  await eventually(() => release.length > 0);
  const error = `workflow ${body.workflowRunId} of this session is under way: wait for its end, or cancel it`;
  expect(await clear(key)).toMatchObject({ status: 409, body: { ok: false, error } });
  await letGo();
  await eventually(async () => (await show(key)).session?.turns === 3);
  expect((await clear(key)).status).toBe(200);
});
