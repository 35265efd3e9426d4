import { CompiledQuery, sql } from 'kysely';
import { type Job, type JobKind, leaseMs } from '../domain/job.ts';
import type { Executor } from '../store/database.ts';
import type { Queue } from './queue.ts';

/**
 * The queue in the SQLite file. The head of a lane is `queued` or `running`, the rest are `waiting` and move up one by
 * one, so that finding work never looks at those behind. Unique indexes guard both rules.
 */
export function createSqliteQueue(): Queue {
  const listeners = new Set<(kind: JobKind) => void>();
  const tell = (kind: JobKind) => () => {
    for (const listener of listeners) listener(kind);
  };
  // One function for each kind, since a commit calls each function once.
  const notify = { run: tell('run'), heartbeat: tell('heartbeat'), deliver: tell('deliver') };

  /** Guards against a holder whose lease has gone to another. */
  const held = (job: Job) => sql<boolean>`id = ${job.id} and status = 'running' and attempt = ${job.attempt}`;

  async function moveUp(tx: Executor, lane: string): Promise<void> {
    await sql`update jobs set status = 'queued' where id =
      (select id from jobs where lane = ${lane} and status = 'waiting' order by id limit 1)`.execute(tx);
  }

  return {
    async enqueue(tx, job, afterCommit) {
      const { kind, ref, lane, runAt, once = null } = job;
      await tx.executeQuery(CompiledQuery.raw(enqueueSql, [kind, ref, lane, runAt, once, lane]));
      afterCommit(notify[kind]);
    },

    async claim(tx, kind, limit, now) {
      const { rows } =
        await sql<Job>`update jobs set status = 'running', once = null, attempt = attempt + 1, leaseUntil = ${now + leaseMs}
        where id in (
          select id from (select id from jobs where status = 'queued' and kind = ${kind} and runAt <= ${now}
                          order by runAt, id limit ${limit})
          union all select id from jobs where status = 'running' and kind = ${kind} and leaseUntil < ${now}
          limit ${limit})
        returning id, kind, ref, lane, attempt`.execute(tx);
      return rows.sort((a, b) => a.id - b.id);
    },

    async nextDue(db, kinds) {
      if (kinds.length === 0) return undefined;
      const { rows } = await sql<{ due: number | null }>`select min(due) as due from (
        select min(runAt) as due from jobs where status = 'queued' and kind in (${sql.join(kinds)})
        union all select min(leaseUntil) from jobs where status = 'running' and kind in (${sql.join(kinds)}))`.execute(
        db,
      );
      return rows[0]?.due ?? undefined;
    },

    async complete(tx, job) {
      const { numAffectedRows } = await sql`delete from jobs where ${held(job)}`.execute(tx);
      if (!numAffectedRows) return false;
      await moveUp(tx, job.lane);
      return true;
    },

    async retry(tx, job, { runAt, error, counted = true }) {
      const { numAffectedRows } = await sql`update jobs set status = 'queued', runAt = ${runAt}, error = ${error},
        leaseUntil = null, attempt = attempt - ${counted ? 0 : 1} where ${held(job)}`.execute(tx);
      return Boolean(numAffectedRows);
    },

    async bury(tx, job, error) {
      const { numAffectedRows } =
        await sql`update jobs set status = 'dead', error = ${error}, leaseUntil = null where ${held(job)}`.execute(tx);
      if (!numAffectedRows) return false;
      await moveUp(tx, job.lane);
      return true;
    },

    async exhume(tx, ref) {
      await sql`delete from jobs where ref = ${ref} and status = 'dead'`.execute(tx);
    },

    async extend(tx, jobs, now) {
      for (const job of jobs) await sql`update jobs set leaseUntil = ${now + leaseMs} where ${held(job)}`.execute(tx);
    },

    async recover(tx, now) {
      const { numUpdatedRows } = await tx
        .updateTable('jobs')
        .set({ status: 'queued', runAt: now, leaseUntil: null })
        .where('status', '=', 'running')
        .executeTakeFirst();
      return Number(numUpdatedRows);
    },

    async counts(db) {
      const rows = await db
        .selectFrom('jobs')
        .select(['status', db.fn.countAll<number>().as('n')])
        .groupBy('status')
        .execute();
      const of = (status: string) => rows.find((row) => row.status === status)?.n ?? 0;
      return { queued: of('queued'), waiting: of('waiting'), running: of('running'), dead: of('dead') };
    },

    subscribe(listener) {
      listeners.add(listener);
    },
  };
}

// Not the query builder: this one statement is part of every accepted request.
const enqueueSql = `insert into jobs (kind, ref, lane, runAt, once, status) values (?, ?, ?, ?, ?,
  case when exists (select 1 from jobs where lane = ? and status in ('queued', 'running')) then 'waiting' else 'queued' end)
  on conflict (once) where once is not null and status in ('queued', 'waiting') do nothing`;
