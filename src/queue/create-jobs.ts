import { sql } from 'kysely';
import type { JobKind } from '../domain/job.ts';
import type { Bell } from './bell.ts';
import { insert, isHead, moveBack, moveUp } from './lanes.ts';
import type { Jobs } from './queue.ts';

/** @param full groups that have all they may have, for which the bell is not rung */
export function createJobs(bell: Bell, full: ReadonlySet<string>): Jobs {
  return {
    async enqueue(tx, job) {
      const { kind, ref, lane, runAt, once = null, group = null, begun = false, first = false } = job;
      // What has moved up meanwhile moves back. It cannot have been claimed.
      if (first) await moveBack(tx, { lane });
      await insert(tx, { kind, ref, lane, runAt, once, group, begun: begun ? 1 : 0 });
      if (group === null || !full.has(group)) bell.enqueued([kind]);
    },

    async withdraw(tx, { ref, lane }) {
      // By lane, for which there are indexes. From its end, where who takes back many begins: each is found at once.
      const { rows } = await sql<{ status: string }>`delete from jobs where id in (
        select id from jobs where lane = ${lane} and ${isHead} and status <> 'running' and ref = ${ref}
        union all select * from (
          select id from jobs where lane = ${lane} and status = 'waiting' and ref = ${ref} order by id desc limit 1) as last)
        returning status`.execute(tx);
      if (rows[0] && rows[0].status !== 'waiting') await moveUp(tx, { lane });
      return rows.length > 0;
    },

    async exhume(tx, ref) {
      await sql`delete from jobs where ref = ${ref} and status = 'dead'`.execute(tx);
    },

    async findOnce(db, once) {
      const { rows } = await sql<{ ref: string }>`select ref from jobs where ${unstarted(once)}`.execute(db);
      return rows[0]?.ref;
    },

    async reschedule(tx, once, runAt) {
      await sql`update jobs set run_at = ${runAt} where ${unstarted(once)}`.execute(tx);
    },

    async freeOnce(tx, once) {
      await sql`update jobs set once = null where ${unstarted(once)}`.execute(tx);
    },

    async letGo(tx, gate, limit, now) {
      const { rows } = await sql<{ id: number; kind: JobKind }>`update jobs set status = 'queued', run_at = ${now}
        where id in (select id from jobs where status = 'gated' and gate = ${gate} order by run_at, id limit ${limit})
        returning id, kind`.execute(tx);
      bell.enqueued(rows.map(({ kind }) => kind));
      return rows.map(({ id }) => id);
    },

    async letGoLate(tx, limit, now) {
      const { rows } = await sql<{ kind: JobKind }>`update jobs set status = 'queued', run_at = ${now}
        where id in (select id from jobs where status = 'gated' and give_up_at is not null and give_up_at <= ${now} limit ${limit})
        returning kind`.execute(tx);
      bell.enqueued(rows.map(({ kind }) => kind));
    },
  };
}

const unstarted = (once: string) => sql`once = ${once} and status in ('queued', 'waiting')`;
