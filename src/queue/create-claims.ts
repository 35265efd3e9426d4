import { sql } from 'kysely';
import { type Job, leaseMs } from '../domain/job.ts';
import { dialectOf } from '../store/dialect.ts';
import type { Bell } from './bell.ts';
import { findReady, noteStart } from './groups.ts';
import { held, moveUp, remove, take } from './lanes.ts';
import type { Claims } from './queue.ts';
import { nextChoice, type Rules, shareOut } from './share-out.ts';

export function createClaims(bell: Bell, rules: Rules): Claims {
  const released = (job: Job) => {
    rules.full.clear();
    bell.released(job);
  };

  return {
    async claim(tx, kind, limit, now) {
      const due = await findReady(tx, { kind, limit, now });
      if (due.length === 0) return [];
      const claimed: Job[] = [];
      for (const { id, group, begun } of await shareOut(tx, due, { kind, limit, now }, rules)) {
        const [job] = await take(tx, { id, now, leaseUntil: now + leaseMs });
        if (!job) continue;
        claimed.push(job);
        const { rate } = group === null ? {} : rules.limitsOf(group);
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

    async extend(tx, jobs, now) {
      for (const job of jobs) await sql`update jobs set lease_until = ${now + leaseMs} where ${held(job)}`.execute(tx);
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

    async bury(tx, job, error) {
      const { numAffectedRows } =
        await sql`update jobs set status = 'dead', error = ${error}, lease_until = null where ${held(job)}`.execute(tx);
      if (!numAffectedRows) return false;
      await moveUp(tx, job);
      released(job);
      return true;
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

    async setBack(tx, ms, now) {
      await sql`update jobs set run_at = ${dialectOf(tx).greatest(sql`${now}`, sql`run_at - ${ms}`)} where status in ('queued', 'waiting') and run_at > ${now}`.execute(
        tx,
      );
      await sql`update group_starts set at = at - ${ms} where at > ${now}`.execute(tx);
    },

    subscribe: bell.subscribe,
  };
}
