import path from 'node:path';
import { openSqliteStore } from '../../src/store/sqlite/sqlite-store.ts';
import type { Store } from '../../src/store/store.ts';
import { tempDir } from '../support/temp-dir.ts';

/** An engine on which the stores and queues of tests are. */
export interface Driver {
  readonly name: string;
  /** Opens the database of that name, which is new when it is opened first. */
  open(name: string): Promise<Store>;
}

/** Every driver that there is. Their databases are gone after the tests of a file. */
export function drivers(): Driver[] {
  const dir = tempDir();
  return [{ name: 'SQLite', open: (name) => openSqliteStore(path.join(dir, `${name}.db`)) }];
}
