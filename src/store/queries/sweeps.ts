import { sql } from 'kysely';
import { type Outcome, outcomes } from '../../domain/event.ts';
import { passing } from '../../domain/time/keep.ts';
import type { Executor } from '../database.ts';
import { flag } from '../dialect.ts';
import type { Noun, Removable } from './erase.ts';
import { areStepsDelivered, isDelivered, isEventFree } from './over.ts';

/** A walk over rows of one kind, oldest first, that tells which of them may go. */
export interface Sweep {
  readonly name: string;
  /** Looks at the rows after `after`, a bounded number; `last` is where to go on, null at the end. */
  next(tx: Executor, after: string): Promise<Slice>;
}

interface Slice {
  readonly found: readonly Removable[];
  readonly last: string | null;
}

/** So many rows are looked at in one go. */
const lookAtOnce = 200;
/** … and for so long, in ms: to know whether a conversation goes on with a run may take a while. */
const longestMs = 4;

/** From when on things are kept, in epoch ms. */
export interface Ages {
  readonly now: number;
  readonly filtered: number;
  readonly events: number;
  readonly runs: number;
}

/** Whether a run may not go, since a conversation goes on with it. */
export type IsReplayed = (tx: Executor, run: ReplayedRun) => Promise<boolean>;
interface ReplayedRun {
  readonly id: string;
  readonly sessionKey: string;
  readonly status: string;
  readonly completedAt: number | null;
  /** 1: a heartbeat that only acknowledged, which is no turn */
  readonly acknowledged: number;
}

interface Row {
  readonly id: string;
  /** when it came, by which the rows are sorted, roughly */
  readonly at: number;
  /** when it was over; null where it is not */
  readonly over: number | null;
  readonly isFree: 0 | 1;
}

/** The rows that were over before a time. Those of a clock that was wrong, and stand in the future, are passed by. */
async function sliceOf<T extends Row>(
  { noun, before, now }: { noun: Noun; before: number; now: number },
  rows: readonly T[],
  mayGo: (row: T) => boolean | Promise<boolean> = () => true,
): Promise<Slice> {
  const found: Removable[] = [];
  let last: string | null = null;
  const until = performance.now() + longestMs;
  for (const row of rows) {
    if (last !== null && performance.now() > until) break;
    // All that came later were over later still.
    if (row.at >= before && row.at <= now) return { found, last: null };
    last = row.id;
    if (row.over === null || row.over >= before || row.isFree === 0) continue;
    if (await mayGo(row)) found.push({ noun, id: row.id });
  }
  const isEnd = rows.length < lookAtOnce && last === rows.at(-1)?.id;
  return { found, last: isEnd ? null : last };
}

function eventSweep(outcome: Outcome, before: number, now: number): Sweep {
  return {
    name: `events ${outcome}`,
    async next(tx, after) {
      const { rows } =
        await sql<Row>`select id, received_at as at, received_at as over, ${flag(isEventFree)} as is_free from events
        where outcome = ${outcome} and id > ${after} order by id limit ${lookAtOnce}`.execute(tx);
      return sliceOf({ noun: 'event', before, now }, rows);
    },
  };
}

function runSweep(status: 'completed' | 'error', { runs: before, now }: Ages, isReplayed: IsReplayed): Sweep {
  return {
    name: `runs ${status}`,
    async next(tx, after) {
      const { rows } = await sql<
        Row & ReplayedRun
      >`select id, created_at as at, completed_at as over, session_key, status, completed_at, acknowledged,
          ${flag(sql`workflow_run_id is null and ${isDelivered}`)} as is_free from runs
        where status = ${status} and id > ${after} order by id limit ${lookAtOnce}`.execute(tx);
      return sliceOf({ noun: 'run', before, now }, rows, async (run) => !(await isReplayed(tx, run)));
    },
  };
}

function workflowSweep(status: 'completed' | 'error', { runs: before, now }: Ages, isReplayed: IsReplayed): Sweep {
  return {
    name: `workflows ${status}`,
    async next(tx, after) {
      const { rows } =
        await sql<Row>`select id, created_at as at, completed_at as over, ${flag(areStepsDelivered)} as is_free
        from workflow_runs where status = ${status} and id > ${after} order by id limit ${lookAtOnce}`.execute(tx);
      return sliceOf({ noun: 'workflow', before, now }, rows, async ({ id }) => {
        const steps = tx.selectFrom('runs').select(['id', 'sessionKey', 'status', 'completedAt', 'acknowledged']);
        for (const step of await steps.where('workflowRunId', '=', id).execute())
          if (await isReplayed(tx, step)) return false;
        return true;
      });
    },
  };
}

/** All that is over and older than it is to be kept. Runs first: an event stays as long as they need it. */
export function agedSweeps(ages: Ages, isReplayed: IsReplayed): Sweep[] {
  const ends = ['completed', 'error'] as const;
  return [
    ...ends.map((status) => workflowSweep(status, ages, isReplayed)),
    ...ends.map((status) => runSweep(status, ages, isReplayed)),
    ...outcomes.map((outcome) => {
      return eventSweep(outcome, passing.includes(outcome) ? ages.filtered : ages.events, ages.now);
    }),
  ];
}
