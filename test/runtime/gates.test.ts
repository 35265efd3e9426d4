import fs from 'node:fs';
import path from 'node:path';
import { expect, it } from '@jest/globals';
import type { TestGateway } from '../support/gateway.ts';
import { type Answers, providerError, startModel } from '../support/model.ts';
import { settle, simulated } from '../support/simulated.ts';

const minute = 60_000;
const hour = 60 * minute;
let answer: Answers = () => 'Done.';
const model = await startModel((call) => answer(call));
const down = providerError(529, 'Overloaded');

const quiet = { every: '0m', target: 'none' };
const config = (defaults: object = {}, more: object = {}) => ({
  agents: { ...model.agents, defaults: { ...model.agents.defaults, heartbeat: quiet, ...defaults } },
  ...more,
});
const post = async (gateway: TestGateway, message: string, more: object = {}): Promise<string> =>
  (await gateway.post('agent', { message, wakeMode: 'next-heartbeat', deliver: false, ...more })).body.runId;
const show = async (gateway: TestGateway, id: string) => (await gateway.api('GET', `/runs/${id}`)).body.run;
const alarms = async (gateway: TestGateway): Promise<{ cause: string; endedAt: number | null; sentence: string }[]> =>
  (await gateway.api('GET', '/alarms')).body.alarms;
const stats = async (gateway: TestGateway) => (await gateway.get('runs/stats')).body.stats;

it.each([1, 400])('an outage of six hours costs %d waiting runs a few calls, and each is done once', async (count) => {
  answer = () => down;
  const { gateway, pass } = await simulated(config());
  const before = model.calls.length;
  const ids = await Promise.all(Array.from({ length: count }, (_, n) => post(gateway, `work ${n}`)));
  await pass(hour);
  expect(model.calls.length - before).toBeLessThanOrEqual(30);
  expect(await show(gateway, ids.at(-1) ?? '')).toMatchObject({ status: 'pending', errorCode: 'provider' });
  const inFirstHour = model.calls.length;
  await pass(5 * hour);
  expect(model.calls.length - inFirstHour).toBeLessThanOrEqual(5 * 5);
  expect(await stats(gateway)).toMatchObject({ pending: count, error: 0 });
  expect(await alarms(gateway)).toMatchObject([{ cause: 'provider:anthropic', endedAt: null }]);

  answer = () => 'Done.';
  await pass(20 * minute);
  expect(await stats(gateway)).toMatchObject({ completed: count, pending: 0, error: 0 });
  const answered = model.calls.slice(inFirstHour).map(({ prompt }) => prompt);
  expect(new Set(answered.slice(-count)).size).toBe(count);
  expect((await alarms(gateway)).map(({ endedAt }) => endedAt === null)).toEqual([false]);
});

it.each([
  ['a refused key', providerError(401, 'invalid x-api-key')],
  ['a key without permission', providerError(403, 'This key may not do that')],
  ['empty credit', providerError(400, 'Your credit balance is too low to access the Anthropic API.')],
  ['a payment that is due', providerError(402, 'Payment required')],
])('%s is told at once, and runs wait for the owner longer than retryFor', async (_, error) => {
  answer = () => error;
  const { gateway, clock, pass } = await simulated(config({ retryFor: '1h' }));
  const id = await post(gateway, 'work');
  await pass(30_000, 5000);
  expect(await alarms(gateway)).toMatchObject([{ cause: 'provider:anthropic', endedAt: null }]);
  expect((await fetch(`${gateway.url}/readyz`)).status).toBe(200);
  expect(await (await fetch(`${gateway.url}/readyz`)).text()).toBe('degraded: provider:anthropic');
  await pass(10 * 24 * hour, hour);
  expect(await show(gateway, id)).toMatchObject({ status: 'pending', errorCode: 'provider' });

  answer = () => 'Done.';
  await gateway.gimli.reload();
  await settle(gateway, clock);
  expect(await gateway.ended(id)).toMatchObject({ status: 'completed' });
  await pass(10_000, 5000);
  expect(await (await fetch(`${gateway.url}/readyz`)).text()).toBe('ready');
});

it('an outage that lasts longer than retryFor ends the run, which bulk work can try again', async () => {
  answer = () => down;
  const { gateway, pass } = await simulated(
    config(
      { retryFor: '2h' },
      { hooks: { mappings: [{ match: { path: 'soon' }, retryFor: '10m', messageTemplate: 'x' }] } },
    ),
  );
  const long = await post(gateway, 'long');
  const soon = (await gateway.post('soon', {})).body.runId;
  await pass(30 * minute);
  expect(await show(gateway, soon)).toMatchObject({
    status: 'error',
    errorCode: 'provider',
    error: expect.stringContaining('retryFor'),
  });
  expect(await show(gateway, long)).toMatchObject({ status: 'pending' });
  await pass(2 * hour);
  expect(await show(gateway, long)).toMatchObject({ status: 'error', errorCode: 'provider' });
});

it('a run that fails by itself keeps its own attempts, and does not hold the others up', async () => {
  answer = ({ prompt }) => (prompt.includes('POISON') ? providerError(500, 'Oops') : 'Done.');
  const { gateway, pass } = await simulated(config());
  const poison = await post(gateway, 'POISON');
  const ids: string[] = [];
  for (let n = 0; n < 20; n += 1) {
    ids.push(await post(gateway, `fine ${n}`));
    await pass(5 * minute, minute);
  }
  expect(await show(gateway, poison)).toMatchObject({ status: 'error', errorCode: 'provider' });
  for (const id of ids) expect(await show(gateway, id)).toMatchObject({ status: 'completed' });
});

it('the lanes keep their order through an outage', async () => {
  answer = () => down;
  const { gateway, pass } = await simulated(config());
  const before = model.calls.length;
  for (let n = 0; n < 6; n += 1) await post(gateway, `step ${n}`, { sessionKey: `hook:${n % 2}` });
  await pass(2 * minute, 1000);
  answer = () => 'Done.';
  const failed = model.calls.length;
  await pass(5 * minute, 1000);
  const order = model.calls.slice(failed).flatMap(({ prompt }) => /step \d/.exec(prompt) ?? []);
  expect(order.filter((step) => Number(step.at(-1)) % 2 === 0)).toEqual(['step 0', 'step 2', 'step 4']);
  expect(order.filter((step) => Number(step.at(-1)) % 2 === 1)).toEqual(['step 1', 'step 3', 'step 5']);
  expect(failed - before).toBeLessThanOrEqual(12);
});

it('while a fallback answers, the provider in trouble is asked a few times an hour, whatever comes in', async () => {
  answer = ({ model }) => (model === 'first' ? down : 'Done.');
  const providers = { ...model.agents.providers, other: { api: 'openai-chat', baseURL: `${model.url}/v1` } };
  const defaults = { model: 'anthropic/first', fallbacks: ['other/second'], heartbeat: quiet };
  const { gateway, pass } = await simulated({ agents: { defaults, providers } });
  const before = model.calls.length;
  for (let n = 0; n < 60; n += 1) {
    await Promise.all([1, 2, 3].map((part) => post(gateway, `work ${n}.${part}`)));
    await pass(minute, minute);
  }
  const asked = model.calls.slice(before).filter(({ model }) => model === 'first').length;
  expect(asked).toBeLessThanOrEqual(50);
  expect(await stats(gateway)).toMatchObject({ completed: 180, pending: 0 });
});

it('a hook that is paused accepts and begins nothing, and goes on when it is resumed; so does everything', async () => {
  answer = () => 'Done.';
  const mappings = ['door', 'bell'].map((name) => ({
    match: { path: name },
    deliver: false,
    wakeMode: 'next-heartbeat',
    messageTemplate: `${name} {{n}}`,
  }));
  const { gateway, pass } = await simulated(config({}, { hooks: { mappings } }));
  const before = model.calls.length;
  expect((await gateway.api('POST', '/pause?hook=door')).status).toBe(200);
  const door = (await gateway.post('door', { n: 1 })).body.runId;
  const bell = (await gateway.post('bell', { n: 2 })).body.runId;
  await gateway.ended(bell);
  await pass(2 * hour, 10 * minute);
  expect(await show(gateway, door)).toMatchObject({ status: 'pending', waiting: 'paused', error: null, attempts: 0 });
  expect((await gateway.api('GET', '/pause')).body).toMatchObject({ all: false, hooks: [{ hook: 'door' }] });
  expect((await gateway.api('POST', '/resume?hook=door')).status).toBe(200);
  await gateway.ended(door);
  expect((await gateway.api('POST', '/resume?hook=door')).status).toBe(409);

  await gateway.api('POST', '/pause');
  const later = (await gateway.post('bell', { n: 3 })).body.runId;
  await gateway.post('wake', { text: 'hello' });
  await pass(hour, 10 * minute);
  expect(model.calls.length - before).toBe(2);
  await gateway.api('POST', '/resume');
  await pass(3000, 1000);
  await gateway.ended(later);
});

it('a mapping that expects events raises an alarm when none came for so long, until one does', async () => {
  const mappings = [{ id: 'backup', match: { path: 'backup' }, expect: '1d', deliver: false, messageTemplate: 'x' }];
  const { gateway, pass } = await simulated(config({}, { hooks: { mappings } }));
  await pass(23 * hour, hour);
  await gateway.post('backup', {});
  await pass(23 * hour, hour);
  expect(await alarms(gateway)).toEqual([]);
  await pass(2 * hour, hour);
  expect(await alarms(gateway)).toMatchObject([{ cause: 'silent:backup', endedAt: null }]);
  await gateway.post('backup', {});
  await pass(minute);
  expect((await alarms(gateway))[0]?.endedAt).not.toBeNull();
});

it('alarms.command is given each alarm and its end on stdin, and is tried again where it fails', async () => {
  answer = () => providerError(401, 'invalid x-api-key');
  const script = 'cat >> told.txt; echo >> told.txt; test -f ready';
  const { gateway, pass } = await simulated(config({}, { alarms: { command: 'sh', args: ['-c', script] } }));
  const told = () => fs.readFileSync(path.join(gateway.dir, 'told.txt'), 'utf8').trim().split('\n');
  const id = await post(gateway, 'work');
  await pass(10_000, 5000);
  expect(told()).toHaveLength(1);
  fs.writeFileSync(path.join(gateway.dir, 'ready'), '');
  await pass(2 * minute);
  expect(told()).toHaveLength(2);
  expect(told()[1]).toMatch(
    /^The provider anthropic cannot be used since .*invalid x-api-key.*Set a valid key, ANTHROPIC_API_KEY/,
  );
  answer = () => 'Done.';
  await pass(15 * minute);
  await gateway.ended(id);
  expect(told()).toHaveLength(3);
  expect(told()[2]).toMatch(/^Over: The provider anthropic/);
  expect(gateway.logs.filter(({ alarm }) => alarm).map(({ msg }) => msg)).toEqual([
    'alarm raised: see `gimli alarms`',
    'alarm over',
  ]);
  expect(JSON.stringify(gateway.logs)).not.toContain('invalid x-api-key');
});
