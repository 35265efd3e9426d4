import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, jest } from '@jest/globals';
import { startGateway, type TestGateway } from './gateway.ts';

// `eventually` waits 20 s and then says what it saw; jest must not give up before it.
jest.setTimeout(30_000);

/**
 * A gateway in a folder of its own, for the tests of one file: both are gone after them.
 * @param prepare puts files into the folder before the start
 */
export async function tempGateway(
  config: object = {},
  prepare: (dir: string) => void = () => {},
): Promise<TestGateway> {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'gimli-test-'));
  prepare(dir);
  const gateway = await startGateway(dir, config);
  afterAll(async () => {
    await gateway.stop();
    fs.rmSync(dir, { recursive: true, force: true });
  });
  return gateway;
}
