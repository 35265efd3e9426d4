import { expect, it } from '@jest/globals';
import { startModel } from '../support/model.ts';
import { tempGateway } from '../support/temp-gateway.ts';

const model = await startModel();
const gateway = await tempGateway({
  hooks: { mappings: [{ match: { path: 'old' }, model: 'anthropic/claude-3-opus', messageTemplate: 'm' }] },
  agents: { ...model.agents, defaults: { ...model.agents.defaults, model: 'anthropic/claude-3-5-sonnet' } },
});

const retired = (name: string, successor: string) => ({
  status: 'completed',
  model: successor,
  warning: `model "${name}" is retired: ${successor} runs instead`,
});

it('a retired model runs as its successor, and the run says so', async () => {
  const { body } = await gateway.post('agent', { message: 'x', model: 'claude-3-haiku', wakeMode: 'next-heartbeat' });
  const expected = retired('anthropic/claude-3-haiku', 'anthropic/claude-haiku-5-5');
  expect(await gateway.ended(body.runId)).toMatchObject(expected);
  expect((await gateway.get(`runs/${body.runId}`)).body.run).toMatchObject(expected);
  const { runs } = (await gateway.get('runs')).body;
  expect(runs.find((run: { runId: string }) => run.runId === body.runId)).toMatchObject(expected);
});

it('a retired model that a mapping names, or that is the default, runs as its successor', async () => {
  const byMapping = await gateway.post('old', {});
  expect(await gateway.ended(byMapping.body.runIds?.[0] ?? byMapping.body.runId)).toMatchObject(
    retired('anthropic/claude-3-opus', 'anthropic/claude-opus-5-5'),
  );
  const byDefault = await gateway.post('agent', { message: 'x', wakeMode: 'next-heartbeat' });
  expect(await gateway.ended(byDefault.body.runId)).toMatchObject(
    retired('anthropic/claude-3-5-sonnet', 'anthropic/claude-sonnet-5-5'),
  );
  expect(new Set(model.calls.map((call) => call.model))).toEqual(
    new Set(['claude-haiku-5-5', 'claude-opus-5-5', 'claude-sonnet-5-5']),
  );
});

it('a model that is not has no warning', async () => {
  const { body } = await gateway.post('agent', { message: 'x', model: 'opus', wakeMode: 'next-heartbeat' });
  expect(await gateway.ended(body.runId)).toMatchObject({ model: 'anthropic/claude-opus-5-5', warning: null });
});
