import { expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.ts';
import { startModel } from '../support/model.ts';
import { tempGateway } from '../support/temp-gateway.ts';

it('a hook that takes all it can get leaves a place for others, and half of them while others wait', async () => {
  const open: { hook: string; end: () => void }[] = [];
  const model = await startModel(({ prompt }) => {
    const hook = prompt.includes('webhook:agent') ? 'agent' : 'other';
    return new Promise((resolve) => open.push({ hook, end: () => resolve('Done.') }));
  });
  const mappings = [{ id: 'other', match: { path: 'other' }, messageTemplate: 'Do {{n}}', deliver: false }];
  const defaults = { ...model.agents.defaults, maxConcurrent: 8, heartbeat: { every: '0m' } };
  const gateway = await tempGateway({ hooks: { mappings }, agents: { ...model.agents, defaults } });
  const post = async (hook: string, count: number) => {
    for (let n = 0; n < count; n += 1) {
      const { status } = await gateway.post(hook, { message: 'x', n, deliver: false, wakeMode: 'next-heartbeat' });
      expect(status).toBe(202);
    }
  };
  const asked = (hook: string) => open.filter((one) => one.hook === hook).length;
  const end = (hook: string, count: number) => {
    const ending = open.filter((one) => one.hook === hook).slice(0, count);
    for (const one of ending) {
      open.splice(open.indexOf(one), 1);
      one.end();
    }
  };

  await post('agent', 30);
  await eventually(() => asked('agent') === 7);
  await post('other', 10);
  // Not when one of the seven ends, but now.
  await eventually(() => asked('other') === 1);
  expect(asked('agent')).toBe(7);
  end('agent', 3);
  await eventually(() => asked('other') === 4);
  expect(asked('agent')).toBe(4);
  end('agent', 2);
  await eventually(() => asked('agent') === 4);
  expect(asked('other')).toBe(4);
  const rest = setInterval(() => [end('agent', 30), end('other', 10)], 10);
  await eventually(async () => (await gateway.get('runs/stats')).body.stats.completed === 40);
  clearInterval(rest);
});
