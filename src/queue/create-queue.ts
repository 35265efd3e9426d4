import type { JobKind } from '../domain/job.ts';
import { createBell } from './bell.ts';
import { createClaims } from './create-claims.ts';
import { createJobs } from './create-jobs.ts';
import { createView } from './create-view.ts';
import type { Admission, LimitsOf, Queue } from './queue.ts';

/**
 * The queue in the tables of the store, whatever engine that has. The head of a lane is `queued`, `gated` or `running`, the rest are
 * `waiting` and move up one by one, so that finding work never looks at those behind. Unique indexes guard both rules.
 *
 * @param limitsOf asked at each claim, so that what it says may change; without it no group has limits
 * @param options.placesOf how many jobs of a kind may be under way at once, which groups then share
 */
export function createQueue(
  limitsOf: LimitsOf = () => ({}),
  { placesOf = () => Infinity, admission }: { placesOf?: (kind: JobKind) => number; admission?: Admission } = {},
): Queue {
  /** groups that have all they may have: until one of the jobs under way ends, another of theirs is no reason to claim */
  const full = new Set<string>();
  const rules = { limitsOf, placesOf, admission, full };
  const bell = createBell();
  return { ...createJobs(bell, full), ...createClaims(bell, rules), ...createView(rules) };
}
