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
   * be run a second time if another member of its group failed. Throws StoreError where the store cannot be written.
   */
  write<T>(work: Work<T>): Promise<T>;
  close(): Promise<void>;
}

export type Work<T> = (tx: Executor, afterCommit: AfterCommit) => Promise<T>;

/** Has a function called once the group is durable: once, however often it is given. */
export type AfterCommit = (notify: () => void) => void;
