import { expect, it } from '@jest/globals';
import type { TestGateway } from '../../support/gateway.ts';
import { startModel } from '../../support/model.ts';
import { simulated } from '../../support/simulated.ts';

const minute = 60_000;
const model = await startModel(() => 'Done.');
const quiet = { every: '0m', target: 'none' };
const mapping = (path: string, more: object = {}) => ({
  id: path,
  match: { path },
  wakeMode: 'next-heartbeat',
  messageTemplate: 'x',
  ...more,
});
const config = (mappings: object[], more: object = {}) => ({
  hooks: { mappings },
  agents: { ...model.agents, defaults: { ...model.agents.defaults, heartbeat: quiet } },
  ...more,
});
const alarms = async (gateway: TestGateway): Promise<[cause: string, isOpen: boolean, count: number][]> =>
  (await gateway.api('GET', '/alarms')).body.alarms.map(
    ({ cause, endedAt, count }: { cause: string; endedAt: number | null; count: number }) => [
      cause,
      endedAt === null,
      count,
    ],
  );

it('replies that have nowhere to go are an alarm until one arrives', async () => {
  const { gateway, pass } = await simulated(config([mapping('door')]));
  for (let n = 0; n < 3; n += 1) await gateway.ended((await gateway.post('door', {})).body.runId);
  await pass(minute);
  expect((await alarms(gateway)).sort()).toEqual([
    ['channels:owner', true, 1],
    ['deliveries', true, 3],
  ]);
  gateway.writeConfig(config([mapping('door')], { channels: { owner: { channel: 'log' } } }));
  await gateway.gimli.reload();
  await gateway.ended((await gateway.post('door', {})).body.runId);
  await pass(minute);
  expect((await alarms(gateway)).sort()).toEqual([
    ['channels:owner', false, 1],
    ['deliveries', false, 3],
  ]);
});

it('a channel that is not there is an alarm before anything goes to it, and a warning in the log when something does', async () => {
  const { gateway, pass } = await simulated(config([mapping('door', { channel: 'slack' })]));
  await pass(minute);
  expect(await alarms(gateway)).toEqual([['channels:slack', true, 1]]);
  const { body } = await gateway.post('door', {});
  await gateway.ended(body.runId);
  expect(gateway.logs).toContainEqual(
    expect.objectContaining({
      level: 40,
      runId: body.runId,
      msg: 'a reply goes nowhere: channel "slack" is not configured',
    }),
  );
  gateway.writeConfig(config([mapping('door', { channel: 'log' })]));
  await gateway.gimli.reload();
  await pass(minute);
  expect((await alarms(gateway)).find(([cause]) => cause === 'channels:slack')).toEqual(['channels:slack', false, 1]);
});

it('a reply that only acknowledges is no trouble', async () => {
  const { gateway, pass } = await simulated(config([mapping('door', { deliver: false })]));
  await gateway.ended((await gateway.post('door', {})).body.runId);
  await pass(minute);
  expect(await alarms(gateway)).toEqual([]);
});

it('a model in use whose provider has no key is an alarm until it has one', async () => {
  const rules = [mapping('door', { model: 'openai/m', deliver: false })];
  const { gateway, pass } = await simulated(config(rules));
  await pass(minute);
  expect(await alarms(gateway)).toEqual([['key:openai', true, 1]]);
  const { agents, ...same } = config(rules);
  const providers = { ...agents.providers, openai: { api: 'openai', baseURL: `${model.url}/v1`, apiKey: 'k' } };
  gateway.writeConfig({ ...same, agents: { ...agents, providers } });
  await gateway.gimli.reload();
  await pass(minute);
  expect(await alarms(gateway)).toEqual([['key:openai', false, 1]]);
});

it('screening that cannot work is an alarm where a mapping asks for it', async () => {
  const screening = { model: 'openai/m' };
  const { gateway, pass } = await simulated(config([mapping('door', { screen: true, deliver: false })], { screening }));
  await pass(minute);
  expect(await alarms(gateway)).toEqual([['screening', true, 1]]);
});

it('a mapping whose budget is spent is an alarm until the day is over', async () => {
  const rules = [mapping('door', { budget: { perDay: 0 }, deliver: false })];
  const { gateway, pass } = await simulated(config(rules));
  await pass(minute);
  expect(await alarms(gateway)).toEqual([['budget:door', true, 1]]);
  gateway.writeConfig(config([mapping('door', { deliver: false })]));
  await gateway.gimli.reload();
  await pass(minute);
  expect(await alarms(gateway)).toEqual([['budget:door', false, 1]]);
});

it('runs that wait for a place longer than an hour are an alarm', async () => {
  const gate = Promise.withResolvers<string>();
  const slow = await startModel(() => gate.promise);
  const agents = { ...slow.agents, defaults: { ...slow.agents.defaults, heartbeat: quiet, maxConcurrent: 1 } };
  const { gateway, clock } = await simulated({ ...config([mapping('door', { deliver: false })]), agents });
  const ids: string[] = [];
  for (let n = 0; n < 3; n += 1) ids.push((await gateway.post('door', {})).body.runId);
  const opened = async () => {
    for (let n = 0; n < 200; n += 1) {
      clock.advance(minute);
      await new Promise((resolve) => setTimeout(resolve, 5));
      const [alarm] = await alarms(gateway);
      if (alarm) return alarm;
    }
    return undefined;
  };
  expect(await opened()).toEqual(['waiting', true, 2]);
  gate.resolve('Done.');
  for (const id of ids) await gateway.ended(id);
});

it('runs that wait since everything is paused are no alarm', async () => {
  const { gateway, pass } = await simulated(config([mapping('door', { deliver: false })]));
  await gateway.api('POST', '/pause');
  await gateway.post('door', {});
  await pass(120 * minute, 10 * minute);
  expect(await alarms(gateway)).toEqual([]);
});
