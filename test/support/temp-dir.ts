import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { atEnd } from './at-end.ts';

/** A folder of its own, gone when the tests of the file are over. */
export function tempDir(): string {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'gimli-test-'));
  atEnd(() => fs.rmSync(dir, { recursive: true, force: true }));
  return dir;
}
