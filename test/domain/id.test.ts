import { expect, it } from '@jest/globals';
import { createIds, firstIdAt } from '../../src/domain/id.ts';

it('ids are UUIDs of version 7 that carry the time, each later one sorting after those before, however many there are', () => {
  const before = Date.now();
  const ids = Array.from({ length: 50_000 }, createIds());
  expect(new Set(ids).size).toBe(ids.length);
  expect([...ids].sort()).toEqual(ids);
  for (const id of ids) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  const ms = Number.parseInt((ids[0] ?? '').replace('-', '').slice(0, 12), 16);
  expect(ms).toBeGreaterThanOrEqual(before);
  // Ahead of the clock by no more than the ids that its milliseconds could not hold.
  expect(ms).toBeLessThanOrEqual(Date.now() + 20);
});

it('ids are greater than what ids of their time begin with, and smaller than what later ones do', () => {
  const id = createIds()();
  const ms = Number.parseInt(id.replace('-', '').slice(0, 12), 16);
  expect(id > firstIdAt(ms)).toBe(true);
  expect(id < firstIdAt(ms + 1)).toBe(true);
});
