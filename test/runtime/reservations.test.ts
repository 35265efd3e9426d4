import { describe, expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.ts';
import type { TestGateway } from '../support/gateway.ts';
import { startModel } from '../support/model.ts';
import { tempGateway } from '../support/temp-gateway.ts';

/** Every answer costs four dollars. */
const model = await startModel(() => ({ content: 'Done.', usage: { input_tokens: 2_000_000, output_tokens: 0 } }));
const usual = { deliver: false, updateMainSession: 'blocked', messageTemplate: 'Do {{n}}' };
const config = (budget: object, own: object = {}) => ({
  agents: { ...model.agents, defaults: { model: 'sonnet', budget, heartbeat: { every: '0m' } } },
  hooks: {
    mappings: [
      { ...usual, id: 'work', match: { path: 'work' }, ...own },
      { ...usual, id: 'other', match: { path: 'other' } },
    ],
  },
});
const start = (budget: object, own: object = {}): Promise<TestGateway> => tempGateway(config(budget, own));
const post = (to: TestGateway, hook: string, count: number): Promise<string[]> =>
  Promise.all(Array.from({ length: count }, async (_, n) => (await to.post(hook, { n })).body.runId));
const statuses = async (of: TestGateway) => (await of.get('runs/stats')).body.stats;
const costOf = async (of: TestGateway) => (await of.api('GET', '/costs')).body.total.cost;
const waitingOf = async (of: TestGateway, id: string) => (await of.api('GET', `/runs/${id}`)).body.run.waiting;
/** Once nothing is under way, and nothing can begin. */
const settled = (of: TestGateway, completed: number) =>
  eventually(async () => {
    const stats = await statuses(of);
    return stats.running === 0 && stats.completed === completed && stats;
  });

describe('the budget of the day', () => {
  it('counts what is under way, so that many runs at once do not go over it together', async () => {
    const gateway = await start({ perDay: 9 });
    const [first = ''] = await post(gateway, 'work', 1);
    await gateway.ended(first);
    const [...rest] = await post(gateway, 'work', 7);
    // Two fit beside the first: what is left of the day is for one at a time, the last of which may go over it.
    await settled(gateway, 3);
    expect(await costOf(gateway)).toBe(12);
    const waiting = await Promise.all(rest.map((id) => waitingOf(gateway, id)));
    expect(waiting.filter((what) => what === 'the budget of the day')).toHaveLength(5);

    gateway.writeConfig(config({ perDay: 100 }));
    await gateway.gimli.reload();
    await settled(gateway, 8);
  });

  it('never stalls: one run may begin while there is money, whatever it is thought to cost', async () => {
    const gateway = await start({ perDay: 4.5 });
    for (const [id = ''] of [await post(gateway, 'work', 1), await post(gateway, 'work', 1)]) await gateway.ended(id);
    expect(await costOf(gateway)).toBe(8);
  });
});

describe('the budget of a mapping', () => {
  it('holds its runs once it is spent, says so, and lets those of others go on', async () => {
    const gateway = await start({}, { budget: { perDay: 7 } });
    const [first = ''] = await post(gateway, 'work', 1);
    await gateway.ended(first);
    const ids = await post(gateway, 'work', 4);
    await settled(gateway, 2);
    for (const id of await post(gateway, 'other', 3)) await gateway.ended(id);
    const held = await Promise.all(ids.map((id) => waitingOf(gateway, id)));
    expect(held.filter((what) => what === 'the budget of the mapping')).toHaveLength(3);
    const said = gateway.logs
      .map(({ msg }) => String(msg))
      .filter((msg) => msg.startsWith('the budget of the mapping'));
    expect(said).toEqual([
      'the budget of the mapping work is spent: its runs wait for midnight UTC, or for a larger budget.perDay ($7.00)',
    ]);
    expect(await gateway.jobs()).toMatchObject({ queued: 3, running: 0 });

    gateway.writeConfig(config({}, { budget: { perDay: 700 } }));
    await gateway.gimli.reload();
    for (const id of ids) expect(await gateway.ended(id)).toMatchObject({ status: 'completed', attempts: 1 });
  });

  it('warns of models whose cost cannot count, without a budget for all', async () => {
    const gateway = await start({}, { budget: { perDay: 7 }, model: 'openai/unpriced' });
    const warned = gateway.logs.filter(({ msg }) => String(msg).includes('does not count what openai/unpriced costs'));
    expect(warned).toHaveLength(1);
  });
});
