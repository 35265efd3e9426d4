import { expect, it, jest } from '@jest/globals';
import { eventually } from '../support/eventually.ts';
import { startModel } from '../support/model.ts';
import { tempGateway } from '../support/temp-gateway.ts';

it('work under way is not taken again when the machine wakes from a sleep longer than its lease', async () => {
  const gate = Promise.withResolvers<string>();
  const model = await startModel(() => gate.promise);
  const gateway = await tempGateway({ agents: model.agents });
  const first = (await gateway.post('agent', { message: 'slow', wakeMode: 'next-heartbeat' })).body;
  await eventually(() => model.calls.length === 1);

  const awake = Date.now;
  jest.spyOn(Date, 'now').mockImplementation(() => awake() + 60_000);
  // A second run shows that the worker has looked for work since.
  const second = (await gateway.post('agent', { message: 'quick', wakeMode: 'next-heartbeat' })).body;
  await eventually(() => model.calls.some((call) => call.prompt.includes('"quick"')));
  gate.resolve('Done.');
  expect(await gateway.ended(first.runId)).toMatchObject({ status: 'completed', attempts: 1 });
  expect(await gateway.ended(second.runId)).toMatchObject({ status: 'completed', attempts: 1 });
  expect(model.calls).toHaveLength(2);
  jest.restoreAllMocks();
});
