import { expect, it } from '@jest/globals';
import { measureRetention } from '../../soak/retention.ts';
import { tempDir } from '../support/temp-dir.ts';

it('a store with a day too much in it accepts while that is removed, and its file does not grow again', async () => {
  const figures = await measureRetention({ dir: tempDir(), rows: 4000, seconds: 0.5, log() {} });
  expect(figures.removed).toBeGreaterThan(1900);
  expect(figures.removed).toBeLessThan(2100);
  expect(figures.ratio).toBeGreaterThan(0);
  // What accepts have added meanwhile is in it too.
  expect(figures.laterBytes).toBeLessThan(figures.fullBytes * 2);
}, 60_000);
