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
  /** A new id for what will be stored. Those of one store sort in the order in which they were made. */
  newId(): string;
  readonly upkeep: Upkeep;
  close(): Promise<void>;
}

/** What keeps the store small. Each call is short, and waits for no transaction. */
export interface Upkeep {
  sizes(): Sizes;
  /** Gives the room of so many unused pages back to the disk. */
  shrink(pages: number): void;
  /** From now on pages that come free are overwritten too, so that nobody finds in the file what is removed; or no more. */
  overwrite(on: boolean): void;
  /** Moves all that was committed into the main file, and empties what it stood in before. */
  settle(): void;
}

interface Sizes {
  /** of the main file, unused pages included */
  readonly fileBytes: number;
  /** of pages that are not used; what comes next takes them */
  readonly freeBytes: number;
  readonly walBytes: number;
  /** false: a file of an earlier version, which gives no room back */
  readonly canShrink: boolean;
}

export type Work<T> = (tx: Executor) => Promise<T>;
