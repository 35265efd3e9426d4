import type { JobKind } from '../domain/job.ts';
import type { Executor } from '../store/database.ts';
import { findNext, openings, type Ready } from './groups.ts';
import type { Admission, LimitsOf } from './queue.ts';

/** What decides which of the due jobs are claimed. */
export interface Rules {
  readonly limitsOf: LimitsOf;
  /** how many jobs of a kind may be under way at once; Infinity where nobody has to share */
  readonly placesOf: (kind: JobKind) => number;
  readonly admission: Admission | undefined;
  /** takes the names of the groups that have all they may have */
  readonly full: Set<string>;
}

interface Candidates {
  readonly name: string | null;
  /** the oldest first */
  readonly jobs: Ready[];
  /** how many are under way, those among them that were just chosen */
  running: number;
  /** how many of its jobs may be under way; of those that have not begun yet, how many more its rate lets begin */
  readonly most: number;
  fresh: number;
}

/** Of all places a group may take so many while nobody else waits: one stays free, so that a job of another begins at once. */
const alone = (places: number) => Math.max(1, places - 1);
/** And so many while jobs of others wait. */
const beside = (places: number) => Math.max(1, Math.ceil(places / 2));

/**
 * Chooses up to `limit` of the due jobs, the oldest first, as far as the limits of their groups and the admission allow. A group that
 * has its share of the places gets another only where no other group could use it.
 */
export async function shareOut(
  tx: Executor,
  ready: readonly Ready[],
  { kind, limit, now }: { kind: JobKind; limit: number; now: number },
  rules: Rules,
): Promise<Ready[]> {
  const share = beside(rules.placesOf(kind));
  let groups = await candidatesOf(tx, ready, { kind, limit, now }, rules);
  const chosen: Ready[] = [];
  while (chosen.length < limit) {
    groups = groups.filter(({ jobs, running, most }) => jobs.length > 0 && running < most);
    const fair = groups.filter(({ running, name }) => name === null || running < share);
    const group = oldest(fair.length > 0 ? fair : groups);
    const job = group?.jobs.shift();
    if (!group || !job) break;
    const isFresh = job.begun === 0;
    if (isFresh && group.fresh === 0) continue;
    if (rules.admission && !(await rules.admission.admits(tx, kind, job, now))) {
      groups = groups.filter((other) => other !== group);
      continue;
    }
    group.running += 1;
    if (isFresh) group.fresh -= 1;
    chosen.push(job);
    if (group.name !== null && group.running >= group.most) rules.full.add(group.name);
  }
  return chosen;
}

async function candidatesOf(
  tx: Executor,
  ready: readonly Ready[],
  { kind, limit, now }: { kind: JobKind; limit: number; now: number },
  { limitsOf, placesOf, admission, full }: Rules,
): Promise<Candidates[]> {
  const found: Candidates[] = [];
  for (const [name, jobs] of Map.groupBy(ready, ({ group }) => group)) {
    if (admission?.holds(kind, name, now)) continue;
    const { maxConcurrent = Infinity, rate } = name === null ? {} : limitsOf(name);
    const fresh =
      rate && name !== null ? (await openings(tx, name, rate, limit)).filter((at) => at <= now).length : Infinity;
    const most = name === null ? Infinity : Math.min(maxConcurrent, alone(placesOf(kind)));
    const running = jobs[0]?.running ?? 0;
    if (name !== null && running >= most) full.add(name);
    found.push({ name, jobs: jobs.sort(byAge), running, most, fresh });
  }
  return found;
}

const byAge = (one: Ready, other: Ready) => one.runAt - other.runAt || one.id - other.id;

function oldest(groups: readonly Candidates[]): Candidates | undefined {
  return groups.toSorted((one, other) => byAge(one.jobs[0] as Ready, other.jobs[0] as Ready))[0];
}

/** When the next job of a kind could be chosen, or loses its lease; in epoch ms, Infinity where there is none. */
export async function nextChoice(db: Executor, kind: JobKind, now: number, rules: Rules): Promise<number> {
  const { limitsOf, placesOf, admission } = rules;
  const times: number[] = [];
  for (const { group, running, fresh, again } of await findNext(db, { kind })) {
    if (admission?.holds(kind, group, now)) {
      // A lease ends all the same.
      if (group === null) times.push(again ?? Infinity);
      continue;
    }
    const { maxConcurrent = Infinity, rate } = group === null ? {} : limitsOf(group);
    if (group !== null && running >= Math.min(maxConcurrent, alone(placesOf(kind)))) continue;
    const [opening = 0] = rate && group !== null ? await openings(db, group, rate, 1) : [];
    times.push(Math.max(fresh ?? Infinity, opening), again ?? Infinity);
  }
  return Math.min(...times);
}
