import { expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.ts';
import { type Answers, providerError, startModel } from '../support/model.ts';
import { tempGateway } from '../support/temp-gateway.ts';

/** What each test does with a call; the word in the message says whose call it is. */
const answers = new Map<string, Answers>();
const model = await startModel((call) => {
  const answer = [...answers].find(([word]) => call.prompt.includes(word))?.[1];
  return answer ? answer(call) : 'HEARTBEAT_OK';
});
const gateway = await tempGateway({ agents: model.agents });

const run = async (message: string, sessionKey?: string): Promise<string> => {
  const { status, body } = await gateway.post('agent', { message, sessionKey, wakeMode: 'next-heartbeat' });
  expect(status).toBe(202);
  return body.runId;
};

it('the second run of a session sees what was asked and answered in the first', async () => {
  answers.set('apples', () => 'There are five apples.');
  const first = await gateway.ended(await run('count the apples', 'hook:fruit'));
  await gateway.ended(await run('eat two apples', 'hook:fruit'));
  const calls = model.calls.filter((call) => call.prompt.includes('apples'));
  expect(calls[1]?.messages).toEqual([
    first.prompt,
    'There are five apples.',
    expect.stringContaining('eat two apples'),
  ]);
});

it('runs without a session key share nothing', async () => {
  answers.set('secret', () => 'I know a secret.');
  const runs = [await gateway.ended(await run('a secret')), await gateway.ended(await run('another secret'))];
  expect(new Set(runs.map((one) => one.sessionKey)).size).toBe(2);
  expect(runs[0].sessionKey).toMatch(/^hook:[0-9a-f-]{36}$/);
  expect(model.calls.filter((call) => call.prompt.includes('secret')).map((call) => call.messages.length)).toEqual([
    1, 1,
  ]);
});

it('twenty runs of one session go one after another in the order they came, each with all before it', async () => {
  let underWay = 0;
  const overlaps: number[] = [];
  answers.set('step', async () => {
    overlaps.push(underWay);
    underWay += 1;
    await new Promise(setImmediate);
    underWay -= 1;
    return 'ok';
  });
  const ids: string[] = [];
  for (let n = 0; n < 20; n += 1) ids.push(await run(`step ${n}.`, 'hook:steps'));
  for (const id of ids) expect(await gateway.ended(id)).toMatchObject({ status: 'completed', attempts: 1 });
  const calls = model.calls.filter((call) => call.prompt.includes('step'));
  expect(calls.map((call) => /step \d+/.exec(call.prompt)?.[0])).toEqual(ids.map((_, n) => `step ${n}`));
  expect(calls.map((call) => call.messages.length)).toEqual(ids.map((_, n) => 2 * n + 1));
  expect(overlaps).toEqual(ids.map(() => 0));
});

it('runs of different sessions go on at the same time', async () => {
  const both = Promise.withResolvers<void>();
  let arrived = 0;
  // Neither is answered before the other has been asked.
  answers.set('together', async () => {
    arrived += 1;
    if (arrived === 2) both.resolve();
    await both.promise;
    return 'ok';
  });
  const ids = [await run('together, left', 'hook:left'), await run('together, right', 'hook:right')];
  for (const id of ids) expect((await gateway.ended(id)).status).toBe('completed');
});

it('a burst of 24 calls leaves one of 8 places free, is answered while the model has not answered one, and all of it runs', async () => {
  const gate = Promise.withResolvers<string>();
  answers.set('burst', () => gate.promise);
  const ids = await Promise.all(Array.from({ length: 24 }, (_, n) => run(`burst ${n}`)));
  await eventually(() => model.calls.filter((call) => call.prompt.includes('burst')).length === 7);
  const { stats } = (await gateway.get('runs/stats')).body;
  expect(stats).toMatchObject({ running: 7, pending: 17 });
  gate.resolve('ok');
  for (const id of ids) expect((await gateway.ended(id)).status).toBe('completed');
});

it('a run that fails does not block the next of its session, and is no part of its history', async () => {
  answers.set('broken', () => providerError(400, 'this cannot work'));
  answers.set('healthy', () => 'ok');
  const broken = await run('broken', 'hook:mixed');
  const healthy = await run('healthy', 'hook:mixed');
  expect(await gateway.ended(healthy)).toMatchObject({ status: 'completed', outputText: 'ok' });
  expect(await gateway.ended(broken)).toMatchObject({ status: 'error' });
  expect(model.calls.find((call) => call.prompt.includes('healthy'))?.messages).toHaveLength(1);
});
