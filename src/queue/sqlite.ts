import { sql } from 'kysely';
import { type Job, type JobKind, leaseMs } from '../domain/job.ts';
import type { Executor } from '../store/database.ts';
import { dialectOf } from '../store/dialect.ts';
import { prepared } from '../store/prepared.ts';
import { findGroup, findReady, isOverRate, noteStart } from './groups.ts';
import type { Admission, LimitsOf, NewJob, Queue, QueueListener, Waiting } from './queue.ts';
import { nextChoice, type Rules, shareOut } from './share-out.ts';

/**
 * The queue in the SQLite file. The head of a lane is `queued`, `gated` or `running`, the rest are `waiting` and move up one by
 * one, so that finding work never looks at those behind. Unique indexes guard both rules.
 *
 * @param limitsOf asked at each claim, so that what it says may change; without it no group has limits
 * @param options.placesOf how many jobs of a kind may be under way at once, which groups then share
 */
export function createSqliteQueue(
  limitsOf: LimitsOf = () => ({}),
  { placesOf = () => Infinity, admission }: { placesOf?: (kind: JobKind) => number; admission?: Admission } = {},
): Queue {
  /** groups that have all they may have: until one of the jobs under way ends, another of theirs is no reason to claim */
  const full = new Set<string>();
  const rules: Rules = { limitsOf, placesOf, admission, full };
  const listeners = new Set<QueueListener>();
  const released = (job: Job) => {
    full.clear();
    for (const listener of listeners) listener.released(job);
  };

  const announce = (jobs: readonly { kind: JobKind }[]) => {
    for (const kind of new Set(jobs.map(({ kind }) => kind))) for (const listener of listeners) listener.enqueued(kind);
  };

  const unstarted = (once: string) => sql`once = ${once} and status in ('queued', 'waiting')`;

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
    async enqueue(tx, job) {
      const { kind, ref, lane, runAt, once = null, group = null, begun = false, first = false } = job;
      // What has moved up meanwhile moves back. It cannot have been claimed.
      if (first) await moveBack(tx, { lane });
      await insert(tx, { kind, ref, lane, runAt, once, group, begun: begun ? 1 : 0 });
      if (group !== null && full.has(group)) return;
      for (const listener of listeners) listener.enqueued(kind);
    },

    async claim(tx, kind, limit, now) {
      const due = await findReady(tx, { kind, limit, now });
      if (due.length === 0) return [];
      const claimed: Job[] = [];
      for (const { id, group, begun } of await shareOut(tx, due, { kind, limit, now }, rules)) {
        const [job] = await take(tx, { id, now, leaseUntil: now + leaseMs });
        if (!job) continue;
        claimed.push(job);
        const { rate } = group === null ? {} : limitsOf(group);
        if (group !== null && rate && begun === 0) await noteStart(tx, group, rate, now);
      }
      return claimed.sort((a, b) => a.id - b.id);
    },

    async nextDue(db, kinds, now) {
      const times = [];
      for (const kind of kinds) times.push(await nextChoice(db, kind, now, rules));
      const due = Math.min(...times);
      return due === Infinity ? undefined : due;
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

    async complete(tx, job) {
      const removed = await remove(tx, job);
      if (removed.length === 0) return false;
      await moveUp(tx, job);
      released(job);
      return true;
    },

    async retry(tx, job, { runAt, error, counted = true }) {
      const { numAffectedRows } = await sql`update jobs set status = 'queued', run_at = ${runAt}, error = ${error},
        lease_until = null, attempt = attempt - ${counted ? 0 : 1} where ${held(job)}`.execute(tx);
      if (!numAffectedRows) return false;
      released(job);
      return true;
    },

    async hold(tx, job, { gate, runAt, giveUpAt, error, attempt }) {
      const { numAffectedRows } = await sql`update jobs set status = 'gated', gate = ${gate}, run_at = ${runAt},
        give_up_at = ${giveUpAt}, error = coalesce(${error}, error), lease_until = null,
        attempt = attempt - ${attempt === 'none' ? 1 : 0}, uncounted = uncounted + ${attempt === 'uncounted' ? 1 : 0}
        where ${held(job)}`.execute(tx);
      if (!numAffectedRows) return false;
      released(job);
      return true;
    },

    async letGo(tx, gate, limit, now) {
      const { rows } = await sql<{ id: number; kind: JobKind }>`update jobs set status = 'queued', run_at = ${now}
        where id in (select id from jobs where status = 'gated' and gate = ${gate} order by run_at, id limit ${limit})
        returning id, kind`.execute(tx);
      announce(rows);
      return rows.map(({ id }) => id);
    },

    async letGoLate(tx, limit, now) {
      const { rows } = await sql<{ kind: JobKind }>`update jobs set status = 'queued', run_at = ${now}
        where id in (select id from jobs where status = 'gated' and give_up_at is not null and give_up_at <= ${now} limit ${limit})
        returning kind`.execute(tx);
      announce(rows);
    },

    async isRunning(db, id) {
      const { rows } = await sql`select 1 from jobs where id = ${id} and status = 'running'`.execute(db);
      return rows.length > 0;
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

    async setBack(tx, ms, now) {
      await sql`update jobs set run_at = ${dialectOf(tx).greatest(sql`${now}`, sql`run_at - ${ms}`)} where status in ('queued', 'waiting') and run_at > ${now}`.execute(
        tx,
      );
      await sql`update group_starts set at = at - ${ms} where at > ${now}`.execute(tx);
    },

    async bury(tx, job, error) {
      const { numAffectedRows } =
        await sql`update jobs set status = 'dead', error = ${error}, lease_until = null where ${held(job)}`.execute(tx);
      if (!numAffectedRows) return false;
      await moveUp(tx, job);
      released(job);
      return true;
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

    async extend(tx, jobs, now) {
      for (const job of jobs) await sql`update jobs set lease_until = ${now + leaseMs} where ${held(job)}`.execute(tx);
    },

    async recover(tx, now) {
      const { numUpdatedRows } = await tx
        .updateTable('jobs')
        .set({ status: 'queued', runAt: now, leaseUntil: null })
        .where('status', '=', 'running')
        .executeTakeFirst();
      // Never should one wait at a gate that there is no more.
      await sql`update jobs set status = 'queued', run_at = ${now}
        where status = 'gated' and gate not in (select key from gates)`.execute(tx);
      return Number(numUpdatedRows);
    },

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

    subscribe(listener) {
      listeners.add(listener);
    },
  };
}

interface Head extends Pick<Required<NewJob>, 'kind' | 'ref' | 'lane' | 'runAt'> {
  readonly status: 'queued' | 'running' | 'gated';
  readonly gate: string | null;
  /** how it has failed itself */
  readonly error: string | null;
  readonly begun: 0 | 1;
  readonly once: string | null;
  readonly group: string | null;
}

/** As a literal, like the condition of the index by which a lane has one head. */
const isHead = sql`status in ('queued', 'running', 'gated')`;

/** Guards against a holder whose lease has gone to another. */
const held = ({ id, attempt }: Job) => sql<boolean>`id = ${id} and status = 'running' and attempt = ${attempt}`;

const insert = prepared(
  (tx, { kind, ref, lane, runAt, once, group, begun }: Omit<Head, 'status' | 'gate' | 'error'>) => sql`
    insert into jobs (kind, ref, lane, run_at, once, "group", begun, status)
    values (${kind}, ${ref}, ${lane}, ${runAt}, ${once}, ${group}, ${begun},
      case when exists (select 1 from jobs where lane = ${lane} and ${isHead}) then 'waiting' else 'queued' end)
    on conflict (once) where once is not null and status in ('queued', 'waiting')
      do update set run_at = ${dialectOf(tx).least(sql.ref('jobs.runAt'), sql.ref('excluded.runAt'))}`,
);

const take = prepared(
  (_, { id, now, leaseUntil }: { id: number; now: number; leaseUntil: number }) => sql<Job>`
    update jobs set status = 'running', once = null, begun = 1, attempt = attempt + 1, lease_until = ${leaseUntil}
    where id = ${id} and (status = 'queued' or (status = 'running' and lease_until < ${now}))
    returning id, kind, ref, lane, attempt, uncounted, error, gate, give_up_at`,
);

const remove = prepared((_, job: Job) => sql<{ id: number }>`delete from jobs where ${held(job)} returning id`);

/** What may run in the lane waits again. */
const moveBack = prepared(
  (_, { lane }: Pick<Job, 'lane'>) =>
    sql`update jobs set status = 'waiting' where lane = ${lane} and status = 'queued'`,
);

/** The lane's next job may run. */
const moveUp = prepared(
  (_, { lane }: Pick<Job, 'lane'>) => sql`update jobs set status = 'queued' where id =
    (select id from jobs where lane = ${lane} and status = 'waiting' order by id limit 1)`,
);
