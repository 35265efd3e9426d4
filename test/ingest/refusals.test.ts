import { expect, it } from '@jest/globals';
import { createRefusals } from '../../src/ingest/refusals.ts';

it('the newest 200 refused requests are kept, newest first, under names of a bounded length', () => {
  const refusals = createRefusals();
  for (let time = 1; time <= 250; time += 1) {
    refusals.add({ time, hook: 'x'.repeat(5000), status: 401, step: 'token', detail: 'd' });
  }
  const list = refusals.list();
  expect([list.length, list[0]?.time, list.at(-1)?.time]).toEqual([200, 250, 51]);
  expect(list.every(({ hook }) => hook.length === 100)).toBe(true);
});
