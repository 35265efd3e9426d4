import { afterAll } from '@jest/globals';

const cleanups: (() => unknown)[] = [];

afterAll(async () => {
  for (const cleanup of cleanups.reverse()) await cleanup();
});

/** Does something after the last test of the file, the latest first. Unlike `afterAll` it may be called within a test. */
export function atEnd(cleanup: () => unknown): void {
  cleanups.push(cleanup);
}
