import { sql } from 'kysely';
import type { Job } from '../domain/job.ts';
import { dialectOf } from '../store/dialect.ts';
import { prepared } from '../store/prepared.ts';
import type { NewJob } from './queue.ts';

/** A job that is the head of its lane: what stands behind it waits for it. */
export interface Head extends Pick<Required<NewJob>, 'kind' | 'ref' | 'lane' | 'runAt'> {
  readonly status: 'queued' | 'running' | 'gated';
  readonly gate: string | null;
  /** how it has failed itself */
  readonly error: string | null;
  readonly begun: 0 | 1;
  readonly once: string | null;
  readonly group: string | null;
}

/** As a literal, like the condition of the index by which a lane has one head. */
export const isHead = sql`status in ('queued', 'running', 'gated')`;

/** Guards against a holder whose lease has gone to another. */
export const held = ({ id, attempt }: Job) => sql<boolean>`id = ${id} and status = 'running' and attempt = ${attempt}`;

/** Behind what is in its lane, if anything is; a job that waits with its key is brought forward instead. */
export const insert = prepared(
  (tx, { kind, ref, lane, runAt, once, group, begun }: Omit<Head, 'status' | 'gate' | 'error'>) => sql`
    insert into jobs (kind, ref, lane, run_at, once, "group", begun, status)
    values (${kind}, ${ref}, ${lane}, ${runAt}, ${once}, ${group}, ${begun},
      case when exists (select 1 from jobs where lane = ${lane} and ${isHead}) then 'waiting' else 'queued' end)
    on conflict (once) where once is not null and status in ('queued', 'waiting')
      do update set run_at = ${dialectOf(tx).least(sql.ref('jobs.runAt'), sql.ref('excluded.runAt'))}`,
);

/** Nothing where another has claimed it, or it is gone. */
export const take = prepared(
  (_, { id, now, leaseUntil }: { id: number; now: number; leaseUntil: number }) => sql<Job>`
    update jobs set status = 'running', once = null, begun = 1, attempt = attempt + 1, lease_until = ${leaseUntil}
    where id = ${id} and (status = 'queued' or (status = 'running' and lease_until < ${now}))
    returning id, kind, ref, lane, attempt, uncounted, error, gate as last_gate, give_up_at`,
);

/** Nothing where its holder has lost it. */
export const remove = prepared((_, job: Job) => sql<{ id: number }>`delete from jobs where ${held(job)} returning id`);

/** What may run in the lane waits again. */
export const moveBack = prepared(
  (_, { lane }: Pick<Job, 'lane'>) =>
    sql`update jobs set status = 'waiting' where lane = ${lane} and status = 'queued'`,
);

/** The lane's next job may run. */
export const moveUp = prepared(
  (_, { lane }: Pick<Job, 'lane'>) => sql`update jobs set status = 'queued' where id =
    (select id from jobs where lane = ${lane} and status = 'waiting' order by id limit 1)`,
);
