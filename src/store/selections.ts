import { type RawBuilder, sql } from 'kysely';
import type { Executor } from './database.ts';
import type { Removable } from './erase.ts';
import { areStepsDelivered, isRunOver } from './over.ts';
import type { Sweep } from './sweeps.ts';

/** Whose traces are to go: all that came to a hook, all of a session, or one run or workflow. */
export type Selection = { readonly hook: string } | { readonly session: string } | { readonly run: string };

// A sweep may be broken off after each thing that it found. What all of them are found by is therefore removed last: what is left is
// found again.

/** Most rows are only passed by. */
const lookAtOnce = 1000;

/**
 * Everything that is over and bears the traces of a selection: lines of main's inbox with the heartbeats that read them, workflows,
 * runs, and events that nothing else refers to. Conversations end where they must.
 */
export function selectedSweeps(selection: Selection): Sweep[] {
  const sweeps = [lines(selection), workflows(selection), runs(selection)];
  return 'hook' in selection ? [...sweeps, eventsOf(selection.hook)] : sweeps;
}

/** What bears the traces and is still under way, so that it stays. */
export async function countOpen(db: Executor, selection: Selection): Promise<number> {
  const { rows } = await sql<{ count: number }>`select count(*) as count from runs
    where status in ('pending', 'running') and ${isOf(selection, 'runs')}`.execute(db);
  return rows[0]?.count ?? 0;
}

/** The condition on a run or workflow that it is one of the selection. */
function isOf(selection: Selection, table: 'runs' | 'workflowRuns'): RawBuilder<boolean> {
  if ('session' in selection) return sql<boolean>`sessionKey = ${selection.session}`;
  if ('hook' in selection) {
    const isOrigin = sql`exists (select 1 from events
      where events.id = ${sql.ref(`${table}.eventId`)} and events.hook = ${selection.hook})`;
    // What a run has gathered stands in its prompt, whichever hook began it.
    const hasGathered = sql`exists (select 1 from runEvents join events on events.id = runEvents.eventId
      where runEvents.runId = runs.id and events.hook = ${selection.hook})`;
    const ways = [sql`hook = ${selection.hook}`, isOrigin, ...(table === 'runs' ? [hasGathered] : [])];
    return sql<boolean>`(${sql.join(ways, sql` or `)})`;
  }
  return table === 'runs'
    ? sql<boolean>`(runs.id = ${selection.run} or workflowRunId = ${selection.run})`
    : sql<boolean>`(workflowRuns.id = ${selection.run}
        or workflowRuns.id = (select workflowRunId from runs where runs.id = ${selection.run}))`;
}

/** A line that says what an event brought, or how a run of the selection ended. */
function isLineOf(selection: Selection): RawBuilder<boolean> {
  const ofRuns = sql<boolean>`exists (select 1 from runs where runs.eventId = systemEvents.eventId and ${isOf(selection, 'runs')})`;
  if (!('hook' in selection)) return ofRuns;
  return sql<boolean>`(source = ${selection.hook} or exists (select 1 from events
    where events.id = systemEvents.eventId and events.hook = ${selection.hook}) or ${ofRuns})`;
}

function lines(selection: Selection): Sweep {
  return {
    name: 'lines',
    async next(tx, after) {
      const { rows } = await sql<{ id: number; isOf: number; beatId: string | null; isOver: number | null }>`
        select id, ${isLineOf(selection)} as isOf, beatId,
            (select ${isRunOver} from runs where runs.id = systemEvents.beatId) as isOver
          from systemEvents where id > ${Number(after)} order by id limit ${lookAtOnce}`.execute(tx);
      const found = rows
        .filter(({ isOf: is, beatId, isOver }) => is === 1 && (beatId === null || isOver !== 0))
        .flatMap(({ id, beatId }): Removable[] => [
          ...(beatId === null ? [] : [{ noun: 'run' as const, id: beatId }]),
          { noun: 'line', id: String(id) },
        ]);
      return { found, last: lastOf(rows) };
    },
  };
}

function workflows(selection: Selection): Sweep {
  return {
    name: 'workflows',
    async next(tx, after) {
      const { rows } = await sql<{ id: string; isOf: number; eventId: string }>`
        select id, eventId, ${isOf(selection, 'workflowRuns')} and status in ('completed', 'error') and ${areStepsDelivered} as isOf
          from workflowRuns where id > ${after} order by id limit ${lookAtOnce}`.execute(tx);
      const found: Removable[] = [];
      for (const { id, eventId } of rows.filter(({ isOf: is }) => is === 1))
        found.push(...(await withEvents(tx, { noun: 'workflow', id }, sql<string>`${eventId}`, selection)));
      return { found, last: lastOf(rows) };
    },
  };
}

function runs(selection: Selection): Sweep {
  const only = 'run' in selection ? sql<boolean>`id = ${selection.run}` : sql<boolean>`true`;
  return {
    name: 'runs',
    async next(tx, after) {
      const { rows } = await sql<{ id: string; isOf: number }>`
        select id, ${isOf(selection, 'runs')} and ${isRunOver} as isOf
          from runs where id > ${after} and ${only} order by id limit ${lookAtOnce}`.execute(tx);
      const found: Removable[] = [];
      for (const { id } of rows.filter(({ isOf: is }) => is === 1)) {
        const ids = sql<string>`select eventId from runs where id = ${id} union select eventId from runEvents where runId = ${id}`;
        found.push(...(await withEvents(tx, { noun: 'run', id }, ids, selection)));
      }
      return { found, last: lastOf(rows) };
    },
  };
}

function eventsOf(hook: string): Sweep {
  return {
    name: 'events',
    async next(tx, after) {
      const { rows } = await sql<{ id: string }>`select id from events where hook = ${hook} and id > ${after}
        order by id limit ${lookAtOnce}`.execute(tx);
      return { found: rows.map(({ id }) => eventIfAlone(id)), last: lastOf(rows) };
    },
  };
}

/**
 * A run or workflow with its events. Those of a hook that is selected are left out: it may be found by them, and they are found by
 * themselves.
 */
async function withEvents(tx: Executor, one: Removable, ids: RawBuilder<string>, selection: Selection) {
  const { rows } = await sql<{ id: string; hook: string }>`select id, hook from events where id in (${ids})`.execute(
    tx,
  );
  const others = 'hook' in selection ? rows.filter(({ hook }) => hook !== selection.hook) : rows;
  return [...others.map(({ id }) => eventIfAlone(id, one.id)), one];
}

const eventIfAlone = (id: string, butFor: string | null = null): Removable => ({
  noun: 'event',
  id,
  ifAlone: { butFor },
});

function lastOf(rows: readonly { readonly id: string | number }[]): string | null {
  // Fewer are the end: what comes meanwhile would have it go on for ever.
  return rows.length < lookAtOnce ? null : String(rows.at(-1)?.id);
}
