import type { Problem } from './problem.ts';

/** A part of a config that is not right, and so is not in the value that remains. */
export interface LeftOut {
  readonly kind: 'mapping' | 'preset' | 'workflow' | 'mcp' | 'provider' | 'setting';
  readonly id: string;
  /** JSON pointer of the part */
  readonly pointer: string;
  /** what was written there, with its variables in place where these are set */
  readonly written: unknown;
  readonly problems: readonly Problem[];
}
