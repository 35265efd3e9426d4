import { InvalidEvent } from '../domain/errors.ts';
import { describeProblem, type Problem } from '../schema/problem.ts';

/** One problem is the message itself; several are its details. */
export function invalidEvent(summary: string, problems: readonly Problem[]): InvalidEvent {
  const lines = problems.map(describeProblem);
  const [only] = lines;
  return only !== undefined && lines.length === 1 ? new InvalidEvent(only) : new InvalidEvent(summary, lines);
}
