import { jest } from '@jest/globals';
import type { Clock } from '../../src/domain/time/clock.ts';
import { atEnd } from './at-end.ts';
import { startGateway, type TestGateway } from './gateway.ts';
import { tempDir } from './temp-dir.ts';

// `eventually` waits 20 s and then says what it saw; jest must not give up before it.
jest.setTimeout(30_000);

/**
 * A gateway in a folder of its own; both are gone when the tests of the file are over.
 * @param prepare puts files into the folder before the start
 */
export async function tempGateway(
  config: object = {},
  prepare: (dir: string) => void = () => {},
  clock?: Clock,
): Promise<TestGateway> {
  const dir = tempDir();
  prepare(dir);
  const gateway = await startGateway(dir, config, {}, clock);
  atEnd(() => gateway.stop());
  return gateway;
}
