import { expect, it } from '@jest/globals';
import type { TestGateway } from '../support/gateway.ts';
import { type Answers, providerError, startModel } from '../support/model.ts';
import { settle, simulated } from '../support/simulated.ts';

// An outage in company: with a fallback, a pause, a budget, a screener or a key that comes and goes.

const minute = 60_000;
const hour = 60 * minute;
const down = providerError(529, 'Overloaded');
const heartbeat = { every: '0m', target: 'none' };

let answer: Answers = () => 'Done.';
const model = await startModel((call) => answer(call));
const providers = { ...model.agents.providers, other: { api: 'openai-chat', baseURL: `${model.url}/v1` } };
const defaults = { ...model.agents.defaults, heartbeat };

const usual = { deliver: false, updateMainSession: 'blocked', wakeMode: 'next-heartbeat' };
const hook = (id: string, own: object = {}) => ({
  ...usual,
  id,
  match: { path: id },
  messageTemplate: `${id} {{n}}`,
  ...own,
});
const hooks = { mappings: [hook('door'), hook('bell')] };

async function post(gateway: TestGateway, id: string, times: number): Promise<string> {
  let last = '';
  for (let n = 0; n < times; n += 1) last = (await gateway.post(id, { n: `word ${n}` })).body.runId;
  return last;
}

const stats = async (gateway: TestGateway) => (await gateway.get('runs/stats')).body.stats;
const run = async (gateway: TestGateway, id: string) => (await gateway.api('GET', `/runs/${id}`)).body.run;

it.each([
  ['has no key', 'openai/second', {}],
  ['does not know its model', 'other/second', { second: providerError(404, 'model: second not found') }],
])('no run ends in an outage since the fallback %s', async (_, fallback, answers: Record<string, object>) => {
  answer = (call) => (answers[call.model] as ReturnType<Answers>) ?? down;
  const { gateway, pass } = await simulated({
    agents: { defaults: { model: 'anthropic/first', fallbacks: [fallback], heartbeat }, providers },
    hooks,
  });
  for (let n = 0; n < 60; n += 1) {
    await post(gateway, 'door', 1);
    await pass(minute, minute);
  }
  expect(await stats(gateway)).toMatchObject({ pending: 60, error: 0 });
  answer = () => 'Done.';
  await pass(hour, minute);
  expect(await stats(gateway)).toMatchObject({ completed: 60, error: 0 });
});

it('all that waits goes to the fallback when that gets well first', async () => {
  answer = () => down;
  const { gateway, pass } = await simulated({
    agents: { defaults: { model: 'anthropic/first', fallbacks: ['other/second'], heartbeat }, providers },
    hooks,
  });
  await post(gateway, 'door', 60);
  await pass(3 * hour, 5 * minute);
  answer = (call) => (call.model === 'first' ? down : 'Done.');
  await pass(30 * minute, minute);
  expect(await stats(gateway)).toMatchObject({ completed: 60 });
});

it('runs of a paused hook do not keep the others from a provider that is well again', async () => {
  answer = () => down;
  const { gateway, pass } = await simulated({ agents: { ...model.agents, defaults }, hooks });
  await post(gateway, 'door', 40);
  await post(gateway, 'bell', 5);
  await pass(3 * hour, 5 * minute);
  await gateway.api('POST', '/pause?hook=door');
  answer = () => 'Done.';
  await pass(30 * minute, minute);
  expect(await stats(gateway)).toMatchObject({ completed: 5, pending: 40 });
});

it('runs whose budget is spent do not keep the others from a provider that is well again', async () => {
  const costly: Answers = () => ({ content: 'Done.', usage: { input_tokens: 2_000_000, output_tokens: 0 } });
  answer = costly;
  const { gateway, pass } = await simulated({
    agents: { ...model.agents, defaults: { ...defaults, model: 'sonnet' } },
    hooks: { mappings: [hook('door', { budget: { perDay: 5 } }), hook('bell')] },
  });
  await post(gateway, 'door', 1);
  await pass(10_000, 1000);
  answer = () => down;
  await post(gateway, 'door', 10);
  const last = await post(gateway, 'bell', 10);
  await pass(hour, minute);
  answer = costly;
  await pass(hour, minute);
  expect(await run(gateway, last)).toMatchObject({ status: 'completed' });
});

it('a key that is taken out and put back costs no run that waits for it', async () => {
  answer = () => providerError(401, 'invalid x-api-key');
  const withKey = (apiKey?: string) => ({
    agents: {
      defaults,
      providers: { anthropic: { api: 'anthropic', baseURL: model.url, ...(apiKey && { apiKey }) } },
    },
    hooks,
  });
  const { gateway, clock, pass } = await simulated(withKey('old'));
  await post(gateway, 'door', 30);
  await pass(hour, minute);
  const reload = async (config: object) => {
    gateway.writeConfig(config);
    await gateway.gimli.reload();
    await settle(gateway, clock);
  };
  await reload(withKey());
  await pass(hour, minute);
  expect(await stats(gateway)).toMatchObject({ pending: 30, error: 0 });
  answer = () => 'Done.';
  await reload(withKey('new'));
  await pass(hour, minute);
  expect(await stats(gateway)).toMatchObject({ completed: 30, error: 0 });
});

it.each([
  ['the key of the screener is refused', providerError(401, 'invalid x-api-key')],
  ['the screener is down', down],
])('a run waits, where nothing goes on without a verdict, while %s', async (_, failure) => {
  answer = (call) => (call.model.includes('haiku') ? failure : 'Done.');
  const { gateway, pass } = await simulated({
    agents: { defaults: { model: 'other/second', heartbeat }, providers },
    screening: { model: 'haiku' },
    hooks: { mappings: [hook('door', { screen: true })] },
  });
  await post(gateway, 'door', 10);
  await pass(hour, minute);
  expect(await stats(gateway)).toMatchObject({ pending: 10, error: 0 });
});

it.each([
  ['its key is refused', providerError(401, 'invalid x-api-key')],
  ['it is down', down],
])('no run waits for hours for a screener whose verdict may be missing, where %s', async (_, failure) => {
  answer = (call) => (call.model.includes('haiku') ? failure : 'Done.');
  const { gateway, pass } = await simulated({
    agents: { defaults: { model: 'other/second', heartbeat }, providers },
    screening: { model: 'haiku', onError: 'allow' },
    hooks: { mappings: [hook('door', { screen: true })] },
  });
  await post(gateway, 'door', 10);
  await pass(10 * minute, 10_000);
  expect(await stats(gateway)).toMatchObject({ completed: 10 });
});

it('a run that gave up waits as long again when it is retried', async () => {
  answer = () => down;
  const { gateway, pass } = await simulated({
    agents: { ...model.agents, defaults: { ...defaults, retryFor: '1h' } },
    hooks,
  });
  const id = await post(gateway, 'door', 1);
  await pass(70 * minute, minute);
  expect(await run(gateway, id)).toMatchObject({ status: 'error' });
  await gateway.api('POST', `/runs/${id}/retry`);
  await pass(30 * minute, minute);
  expect(await run(gateway, id)).toMatchObject({ status: 'pending' });
  answer = () => 'Done.';
  await pass(20 * minute, minute);
  expect(await run(gateway, id)).toMatchObject({ status: 'completed' });
});

it('a provider that is called all is no pause of everything', async () => {
  answer = () => down;
  const { gateway, pass } = await simulated({
    agents: {
      defaults: { model: 'all/first', heartbeat },
      providers: { all: { api: 'openai-chat', baseURL: `${model.url}/v1` } },
    },
    hooks,
  });
  await post(gateway, 'door', 1);
  await pass(10_000, 1000);
  answer = () => 'Done.';
  await pass(hour, minute);
  expect(await stats(gateway)).toMatchObject({ completed: 1 });
});
