import type { Result } from '../bench/row.ts';

/** What a soak needs to know of this run of it. */
export interface SoakRun {
  /** a folder of its own */
  readonly dir: string;
  /** how long the load is kept up */
  readonly minutes: number;
  /** 1 for the real thing; the suite runs a small part of it, and every number of a soak is multiplied by it */
  readonly scale: number;
  /** the parts to run, where not all; a soak without parts ignores it */
  readonly parts?: readonly string[];
  /** for whoever is watching */
  readonly note: (line: string) => void;
}

/** Rejects where something broke; a bar that is missed is a result. */
export type Soak = (run: SoakRun) => Promise<Result[]>;
