import { sql } from 'kysely';
import type { JobKind } from '../domain/job.ts';
import type { Rate } from '../domain/limits.ts';
import type { Executor } from '../store/database.ts';
import { prepared } from '../store/prepared.ts';
import type { LimitsOf } from './queue.ts';

/**
 * What there is to claim, by groups. How long a group's backlog is costs nothing: groups are found by jumps in an index, from
 * the first job of one to the first job of the next, and each gives its oldest few jobs.
 */
export interface Group {
  readonly name: string;
  /** how many more of its jobs its `maxConcurrent` lets run now */
  readonly room: number;
  readonly rate: Rate | undefined;
}

/** A job that is due. */
export interface Ready {
  readonly id: number;
  readonly ref: string;
  readonly runAt: number;
  /** null: in none, or under way with a lease that has ended, which no limit holds back */
  readonly group: string | null;
  readonly begun: 0 | 1;
  /** how many of its group are under way */
  readonly running: number;
}

/** As a literal, since a partial index serves only a query that has its condition so. */
const queuedInGroup = sql`status = 'queued' and "group" is not null`;

/** `groups (name)`: those that have jobs of a kind in the queue. */
function groupsOf(kind: JobKind) {
  const next = (after: ReturnType<typeof sql>) => sql`select "group" from jobs
    where ${queuedInGroup} and kind = ${kind} and "group" > ${after} order by "group" limit 1`;
  return sql`groups (name) as (
    select (${next(sql`''`)}) union all select (${next(sql`groups.name`)}) from groups where name is not null)`;
}

const running = sql`(select count(*) from jobs where status = 'running' and "group" = groups.name)`;

/** The oldest jobs of a kind that are due: so many in no group, so many of each group, and those whose lease has ended. */
export function findReady(db: Executor, wanted: { kind: JobKind; limit: number; now: number }): Promise<Ready[]> {
  return hasGroups(wanted.kind) ? findReadyByGroup(db, wanted) : findReadyAlone(db, wanted);
}

/** Jobs of the other kinds are in no group, and found at a fifth of the price. */
const hasGroups = (kind: JobKind) => kind === 'run';

const findReadyAlone = prepared(
  (_, { kind, limit, now }: { kind: JobKind; limit: number; now: number }) => sql<Ready>`
    select * from (select id, ref, run_at, null as "group", begun, 0 as running from jobs
      where status = 'queued' and "group" is null and kind = ${kind} and run_at <= ${now} order by run_at, id limit ${limit}) as alone
    union all select * from (select id, ref, run_at, null, begun, 0 from jobs
      where status = 'running' and kind = ${kind} and lease_until < ${now} limit ${limit}) as abandoned`,
);

const findReadyByGroup = prepared((_, { kind, limit, now }: { kind: JobKind; limit: number; now: number }) => {
  const first = (begun: 0 | 1) => sql`select id from (select id from jobs
      where ${queuedInGroup} and kind = ${kind} and "group" = groups.name and begun = ${sql.lit(begun)} and run_at <= ${now}
      order by run_at, id limit ${limit}) as oldest`;
  return sql<Ready>`with recursive ${groupsOf(kind)}
      select * from (select id, ref, run_at, null as "group", begun, 0 as running from jobs
        where status = 'queued' and "group" is null and kind = ${kind} and run_at <= ${now} order by run_at, id limit ${limit}) as alone
      union all select * from (select id, ref, run_at, null, begun, 0 from jobs
        where status = 'running' and kind = ${kind} and lease_until < ${now} limit ${limit}) as abandoned
      union all select jobs.id, ref, run_at, "group", begun, ${running} from groups
        join jobs on jobs.id in (${first(0)} union all ${first(1)}) where groups.name is not null`;
});

/** When the next job of a kind is due that is in no group, that has a lease (`again`), and of each group by whether it has begun once. */
export function findNext(db: Executor, wanted: { kind: JobKind }): Promise<Next[]> {
  return hasGroups(wanted.kind) ? findNextByGroup(db, wanted) : findNextAlone(db, wanted);
}

const findNextAlone = prepared(
  (_, { kind }: { kind: JobKind }) => sql<Next>`select null as "group", 0 as running,
    (select min(run_at) from jobs where status = 'queued' and "group" is null and kind = ${kind}) as fresh,
    (select min(lease_until) from jobs where status = 'running' and kind = ${kind}) as again`,
);

const findNextByGroup = prepared((_, { kind }: { kind: JobKind }) => {
  const first = (begun: 0 | 1) => sql`(select min(run_at) from jobs
      where ${queuedInGroup} and kind = ${kind} and "group" = groups.name and begun = ${sql.lit(begun)})`;
  return sql<Next>`with recursive ${groupsOf(kind)}
      select null as "group", 0 as running,
        (select min(run_at) from jobs where status = 'queued' and "group" is null and kind = ${kind}) as fresh,
        (select min(lease_until) from jobs where status = 'running' and kind = ${kind}) as again
      union all select name, ${running}, ${first(0)}, ${first(1)} from groups where name is not null`;
});

export interface Next extends Pick<Ready, 'group' | 'running'> {
  readonly fresh: number | null;
  readonly again: number | null;
}

export async function findGroup(db: Executor, name: string, limitsOf: LimitsOf): Promise<Group> {
  const { rate, maxConcurrent } = limitsOf(name);
  if (maxConcurrent === undefined) return { name, rate, room: Infinity };
  const { rows } = await sql<{ running: number }>`select count(*) as running from jobs
    where status = 'running' and "group" = ${name}`.execute(db);
  return { name, rate, room: maxConcurrent - (rows[0]?.running ?? 0) };
}

/** Whether a job that has not begun yet would go over the group's rate. */
export async function isOverRate(db: Executor, { name, rate }: Group, now: number): Promise<boolean> {
  const [opening = 0] = rate ? await openings(db, name, rate, 1) : [];
  return opening > now;
}

/** Notes for the rate that a job of the group has begun, and forgets what it does not look at any more. */
export async function noteStart(tx: Executor, group: string, rate: Rate, now: number): Promise<void> {
  await sql`delete from group_starts where "group" = ${group} and at <= ${now - rate.spanMs}`.execute(tx);
  await sql`insert into group_starts ("group", at) values (${group}, ${now})`.execute(tx);
}

/**
 * When the rate lets the next `limit` jobs begin, `count` of them at most; 0 for at once. A place is free again one span after
 * the job that took it began, so no span of that length ever sees more than `count`.
 */
export async function openings(db: Executor, group: string, { count, spanMs }: Rate, limit: number): Promise<number[]> {
  const places = Math.min(count, limit);
  const { rows } = await sql<{ at: number }>`select at from group_starts where "group" = ${group}
    order by at desc limit ${places} offset ${count - places}`.execute(db);
  const free = Array<number>(places - rows.length).fill(0);
  return [...free, ...rows.map(({ at }) => at + spanMs).reverse()];
}
