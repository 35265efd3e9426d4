import path from 'node:path';
import { describe } from '@jest/globals';
import { createSqliteQueue } from '../../src/queue/sqlite.ts';
import { openSqliteStore } from '../../src/store/sqlite/sqlite-store.ts';
import { tempDir } from '../support/temp-dir.ts';
import { queueConformance } from './conformance.ts';

describe('the queue on SQLite', () => {
  const dir = tempDir();
  let count = 0;
  queueConformance(async (limitsOf, placesOf) => {
    count += 1;
    return {
      store: await openSqliteStore(path.join(dir, `queue-${count}.db`)),
      queue: createSqliteQueue(limitsOf, { placesOf }),
    };
  });
});
