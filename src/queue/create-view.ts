import { sql } from 'kysely';
import type { Executor } from '../store/database.ts';
import { dialectOf } from '../store/dialect.ts';
import { findGroup, isOverRate } from './groups.ts';
import { type Head, isHead } from './lanes.ts';
import type { View, Waiting } from './queue.ts';
import type { Rules } from './share-out.ts';

export function createView({ limitsOf, admission }: Pick<Rules, 'limitsOf' | 'admission'>): View {
  async function whatHolds(db: Executor, head: Head, now: number): Promise<Waiting> {
    const { kind, status, gate: waitsAt, error, runAt, begun, once, group: name } = head;
    if (status === 'gated') return error === null ? { for: 'gate', gate: waitsAt ?? '' } : { for: 'attempt' };
    if (runAt > now) return begun === 0 && once !== null ? { for: 'events', until: runAt } : { for: 'attempt' };
    const held = await admission?.whatHolds(db, kind, name, now);
    if (held) return held;
    if (name === null) return { for: 'place' };
    const group = await findGroup(db, name, limitsOf);
    if (group.room <= 0) return { for: 'maxConcurrent' };
    return { for: begun === 0 && (await isOverRate(db, group, now)) ? 'rate' : 'place' };
  }

  return {
    async counts(db) {
      const rows = await db
        .selectFrom('jobs')
        .select(['status', db.fn.countAll<number>().as('n')])
        .groupBy('status')
        .execute();
      const of = (status: string) => rows.find((row) => row.status === status)?.n ?? 0;
      const waiting = of('waiting') + of('gated');
      return { queued: of('queued'), waiting, running: of('running'), dead: of('dead') };
    },

    async countOverdue(db, kind, before) {
      const due = sql`status = 'queued' and kind = ${kind} and run_at <= ${before}`;
      const { rows } = await sql<{ n: number }>`select count(*) as n from (
        select id from jobs where ${due} and "group" is null union all select id from jobs where ${due} and "group" is not null
        limit 1001) as overdue`.execute(db);
      return rows[0]?.n ?? 0;
    },

    async countAt(db, gate) {
      const { rows } = await sql<{ n: number }>`select count(*) as n from jobs
        where status = 'gated' and gate = ${gate}`.execute(db);
      return rows[0]?.n ?? 0;
    },

    async isRunning(db, id) {
      const { rows } = await sql`select 1 from jobs where id = ${id} and status = 'running'`.execute(db);
      return rows.length > 0;
    },

    async waiting(db, jobs, now) {
      // Not by their refs, for which there is no index: the head of its lane tells what a job waits for.
      const { rows } =
        await sql<Head>`select kind, ref, lane, status, run_at, begun, once, "group", gate, error from jobs
        where ${isHead} and ${dialectOf(db).inList(
          sql.ref('lane'),
          jobs.map(({ lane }) => lane),
        )}`.execute(db);
      const heads = new Map(rows.map((head) => [head.lane, head]));
      const found = new Map<string, Waiting>();
      for (const { ref, lane } of jobs) {
        const head = heads.get(lane);
        if (head && head.ref !== ref) found.set(ref, { for: 'lane' });
        else if (head && head.status !== 'running') found.set(ref, await whatHolds(db, head, now));
      }
      return found;
    },
  };
}
