import { sql } from 'kysely';
import type { JobKind } from '../domain/job.ts';
import type { Rate } from '../domain/limits.ts';
import type { Executor } from '../store/database.ts';
import type { LimitsOf } from './queue.ts';

/**
 * What the limits of groups let begin. How long a group's backlog is costs nothing: each query looks at the first few rows of
 * an index, and groups are found by jumps from the first job of one to the first job of the next.
 */
export interface Group {
  readonly name: string;
  /** how many more of its jobs may run now */
  readonly room: number;
  readonly rate: Rate | undefined;
}

/** A job that may be claimed. */
export interface Ready {
  readonly id: number;
  readonly runAt: number;
  /** the group whose rate counts that it begins */
  readonly counts: string | null;
}

/** As a literal, since SQLite uses a partial index only for a query that has its condition so. */
export const queuedInGroup = sql`status = 'queued' and "group" is not null`;

/** The groups that have jobs of a kind in the queue, and whose limit has room for one more. */
export async function groupsWithRoom(db: Executor, kind: JobKind, limitsOf: LimitsOf): Promise<Group[]> {
  const next = (after: ReturnType<typeof sql>) => sql`select "group" from jobs
    where ${queuedInGroup} and kind = ${kind} and "group" > ${after} order by "group" limit 1`;
  const { rows } = await sql<{ name: string }>`with recursive groups (name) as (
      select (${next(sql`''`)})
      union all select (${next(sql`groups.name`)}) from groups where name is not null)
    select name from groups where name is not null`.execute(db);
  const groups: Group[] = [];
  for (const { name } of rows) {
    const group = await findGroup(db, name, limitsOf);
    if (group.room > 0) groups.push(group);
  }
  return groups;
}

export async function findGroup(db: Executor, name: string, limitsOf: LimitsOf): Promise<Group> {
  const { rate, maxConcurrent } = limitsOf(name);
  if (maxConcurrent === undefined) return { name, rate, room: Infinity };
  const { rows } = await sql<{ running: number }>`select count(*) as running from jobs
    where status = 'running' and "group" = ${name}`.execute(db);
  return { name, rate, room: maxConcurrent - (rows[0]?.running ?? 0) };
}

/** The group's jobs that may begin now, the oldest first. */
export async function readyInGroup(
  db: Executor,
  kind: JobKind,
  { name, room, rate }: Group,
  limit: number,
  now: number,
): Promise<Ready[]> {
  const places = Math.min(room, limit);
  const fresh = rate ? (await openings(db, name, rate, places)).filter((at) => at <= now).length : places;
  const first = (begun: 0 | 1, count: number) => sql`select * from (
    select id, runAt, ${begun === 0 && rate ? name : null} as counts from jobs
    where ${queuedInGroup} and kind = ${kind} and "group" = ${name} and begun = ${begun} and runAt <= ${now}
    order by runAt, id limit ${count})`;
  const { rows } = await sql<Ready>`${first(1, places)} union all ${first(0, fresh)}
    order by runAt, id limit ${places}`.execute(db);
  return rows;
}

/** When the group's next job is due and its rate lets it begin, in epoch ms; Infinity where it has none. */
export async function dueInGroup(db: Executor, kind: JobKind, { name, rate }: Group): Promise<number> {
  const first = (begun: 0 | 1) => sql`select runAt from jobs
    where ${queuedInGroup} and kind = ${kind} and "group" = ${name} and begun = ${begun} order by runAt limit 1`;
  const { rows } = await sql<{ fresh: number | null; again: number | null }>`
    select (${first(0)}) as fresh, (${first(1)}) as again`.execute(db);
  const { fresh, again } = rows[0] ?? {};
  const [opening = 0] = rate ? await openings(db, name, rate, 1) : [];
  return Math.min(Math.max(fresh ?? Infinity, opening), again ?? Infinity);
}

/** Whether a job that has not begun yet would go over the group's rate. */
export async function isOverRate(db: Executor, { name, rate }: Group, now: number): Promise<boolean> {
  const [opening = 0] = rate ? await openings(db, name, rate, 1) : [];
  return opening > now;
}

/** Notes for the rate that a job of the group has begun, and forgets what it does not look at any more. */
export async function noteStart(tx: Executor, group: string, rate: Rate | undefined, now: number): Promise<void> {
  if (!rate) return;
  await sql`delete from groupStarts where "group" = ${group} and at <= ${now - rate.spanMs}`.execute(tx);
  await sql`insert into groupStarts ("group", at) values (${group}, ${now})`.execute(tx);
}

/**
 * When the rate lets the next `limit` jobs begin, `count` of them at most; 0 for at once. A place is free again one span after
 * the job that took it began, so no span of that length ever sees more than `count`.
 */
async function openings(db: Executor, group: string, { count, spanMs }: Rate, limit: number): Promise<number[]> {
  const places = Math.min(count, limit);
  const { rows } = await sql<{ at: number }>`select at from groupStarts where "group" = ${group}
    order by at desc limit ${places} offset ${count - places}`.execute(db);
  const free = Array<number>(places - rows.length).fill(0);
  return [...free, ...rows.map(({ at }) => at + spanMs).reverse()];
}
