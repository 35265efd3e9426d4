import { expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.ts';
import { gatewayToken } from '../support/gateway.ts';
import { simulated } from '../support/simulated.ts';

const config = { agents: { defaults: { heartbeat: { target: 'none' } } } };

it('what becomes of deliveries is counted once for each, when it is clear', async () => {
  const { gateway, pass } = await simulated(config);
  const counts = async () => {
    const text = await (
      await fetch(`${gateway.url}/metrics`, { headers: { Authorization: `Bearer ${gatewayToken}` } })
    ).text();
    const lines = text.matchAll(/^gimli_deliveries_total\{status="(\w+)"\} (\d+)$/gm);
    return Object.fromEntries([...lines].map(([, status, count]) => [status, Number(count)]));
  };
  const post = (more: object) => gateway.post('agent', { message: 'x', wakeMode: 'next-heartbeat', ...more });
  await post({ channel: 'log' });
  await post({ channel: 'log' });
  await post({ channel: 'slack' });
  await post({ deliver: false });
  await pass(10_000, 1000);
  await eventually(async () => (await counts()).sent === 2);
  expect(await counts()).toEqual({ sent: 2, skipped: 1 });
});
