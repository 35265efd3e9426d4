import type { Executor } from './database.ts';

/**
 * Where everything is kept. Writes of the same moment share one transaction; reads have a connection of their own.
 * Query functions, one file a noun, take their executor first.
 */
export interface Store {
  /** read-only, and never waits for a write */
  readonly read: Executor;
  /**
   * Runs the work in a transaction and resolves after its commit. The work awaits nothing but its own queries, and may
   * be run a second time if another member of its group failed. Works run in the order in which they were given, each sees
   * what those before it wrote, and one that is given by another may share its transaction. Throws StoreError where the store
   * cannot be written.
   */
  write<T>(work: Work<T>): Promise<T>;
  close(): Promise<void>;
}

export type Work<T> = (tx: Executor) => Promise<T>;
