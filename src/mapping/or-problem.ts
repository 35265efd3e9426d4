import { messageOf } from '../domain/errors.ts';
import type { Problem } from '../schema/problem.ts';

/** What `make` gives; undefined where it throws, which is added to the problems. */
export function orProblem<T>(problems: Problem[], path: string, make: () => T): T | undefined {
  try {
    return make();
  } catch (error) {
    problems.push({ path, message: messageOf(error) });
    return undefined;
  }
}
