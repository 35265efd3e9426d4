import { expect, it } from '@jest/globals';
import { startModel } from '../support/model.ts';
import { settle, simulated } from '../support/simulated.ts';

const minute = 60_000;
const model = await startModel(() => 'Done.');
const heartbeat = { every: '0m', target: 'none' };

it('a mapping with a rate goes on when the clock was set back', async () => {
  const door = {
    match: { path: 'door' },
    rate: '1/m',
    deliver: false,
    wakeMode: 'next-heartbeat',
    messageTemplate: 'x',
  };
  const agents = { ...model.agents, defaults: { ...model.agents.defaults, heartbeat } };
  const { gateway, clock, pass } = await simulated({ hooks: { mappings: [door] }, agents });
  await gateway.post('door', {});
  await pass(2 * minute, 1000);
  clock.set(clock.now() - 60 * minute);
  await settle(gateway, clock);
  await gateway.post('door', {});
  await pass(3 * minute, 10_000);
  expect((await gateway.get('runs/stats')).body.stats).toMatchObject({ completed: 2 });
});
