import { type Selectable, sql } from 'kysely';
import type { Run, RunErrorCode, RunStatus, Usage } from '../domain/run.ts';
import type { Database, Executor } from './database.ts';
import { preparedInsert } from './prepared-insert.ts';

const insert = preparedInsert('runs', [
  'id',
  'kind',
  'eventId',
  'hook',
  'name',
  'sessionKey',
  'status',
  'actionJson',
  'policyJson',
  'createdAt',
]);

/** What is known of a run before it starts. */
export type NewRun = Pick<Run, 'id' | 'kind' | 'eventId' | 'hook' | 'action' | 'policy' | 'createdAt'>;

export function insertRun(tx: Executor, run: NewRun): Promise<unknown> {
  const { action, policy, ...same } = run;
  return insert(tx, {
    ...same,
    name: action.name,
    sessionKey: action.sessionKey,
    status: 'pending',
    actionJson: JSON.stringify(action),
    policyJson: JSON.stringify(policy),
  });
}

/** Marks the run as running and gives it back; undefined where it is gone or ended meanwhile. */
export async function startRun(tx: Executor, id: string, attempt: number, now: number): Promise<Run | undefined> {
  const row = await tx
    .updateTable('runs')
    .set({ status: 'running', attempts: attempt, startedAt: now, error: null, errorCode: null })
    .where('id', '=', id)
    .where('status', 'in', ['pending', 'running'])
    .returningAll()
    .executeTakeFirst();
  return row && toRun(row);
}

/** What a run's end adds to its record. */
export interface RunEnd {
  readonly prompt?: string | undefined;
  readonly reply?: readonly unknown[];
  readonly model?: string | undefined;
  readonly usage?: Usage;
  readonly outputText?: string;
  readonly summary: string;
  readonly error?: string;
  readonly errorCode?: RunErrorCode;
}

export async function finishRun(tx: Executor, id: string, end: RunEnd, now: number): Promise<void> {
  const { reply, usage, ...same } = end;
  await tx
    .updateTable('runs')
    .set({
      ...same,
      status: end.error === undefined ? 'completed' : 'error',
      completedAt: now,
      replyJson: reply ? JSON.stringify(reply) : null,
      usageJson: usage ? JSON.stringify(usage) : null,
    })
    .where('id', '=', id)
    .execute();
}

/** Back to pending: for another attempt, with the last one's error, or by hand. */
export async function reopenRun(
  tx: Executor,
  id: string,
  failure: { prompt?: string | undefined; error: string; errorCode: RunErrorCode } | null,
): Promise<void> {
  await tx
    .updateTable('runs')
    .set({ status: 'pending', completedAt: null, ...(failure ?? { error: null, errorCode: null }) })
    .where('id', '=', id)
    .execute();
}

/** Runs that a dead process left running wait for their next attempt. */
export async function reopenInterruptedRuns(tx: Executor): Promise<number> {
  const { numUpdatedRows } = await tx
    .updateTable('runs')
    .set({ status: 'pending' })
    .where('status', '=', 'running')
    .executeTakeFirst();
  return Number(numUpdatedRows);
}

export async function findRun(db: Executor, id: string): Promise<Run | undefined> {
  const row = await db.selectFrom('runs').selectAll().where('id', '=', id).executeTakeFirst();
  return row && toRun(row);
}

/** A run as lists show it: without prompt, reply, action and policy. */
export type RunRow = Omit<Run, 'action' | 'policy' | 'prompt' | 'reply'>;

export interface RunFilter {
  readonly status?: RunStatus | undefined;
  /** part of the name, in any case */
  readonly name?: string | undefined;
  readonly kind?: Run['kind'] | undefined;
  readonly limit: number;
  readonly offset: number;
}

/** Newest first, with the number of all that match. */
export async function listRuns(db: Executor, filter: RunFilter): Promise<{ runs: RunRow[]; total: number }> {
  const { status, name, kind } = filter;
  const matching = db
    .selectFrom('runs')
    .$if(kind !== undefined, (query) => query.where('kind', '=', kind as Run['kind']))
    .$if(status !== undefined, (query) => query.where('status', '=', status as RunStatus))
    .$if(name !== undefined, (query) =>
      query.where(sql<boolean>`lower(name) like ${`%${escapeLike(String(name).toLowerCase())}%`} escape '\\'`),
    );
  const rows = await matching.select(listed).orderBy('id', 'desc').limit(filter.limit).offset(filter.offset).execute();
  const total =
    kind === 'hook' && name === undefined
      ? (await runCounts(db))[status ?? 'total']
      : (await matching.select(db.fn.countAll<number>().as('total')).executeTakeFirstOrThrow()).total;
  return {
    runs: rows.map(({ usageJson, ...same }) => ({ ...same, usage: usageJson ? JSON.parse(usageJson) : null })),
    total,
  };
}

const listed = [
  'id',
  'kind',
  'eventId',
  'hook',
  'name',
  'sessionKey',
  'status',
  'createdAt',
  'startedAt',
  'completedAt',
  'attempts',
  'model',
  'usageJson',
  'outputText',
  'summary',
  'error',
  'errorCode',
] as const;

/** How many runs of hooks there are, by status. */
export async function runCounts(db: Executor): Promise<Record<RunStatus | 'total', number>> {
  const rows = await db.selectFrom('counters').selectAll().where('name', 'like', 'runs.%').execute();
  const of = (status: RunStatus) => rows.find((row) => row.name === `runs.${status}`)?.value ?? 0;
  const counts = { pending: of('pending'), running: of('running'), completed: of('completed'), error: of('error') };
  return { total: counts.pending + counts.running + counts.completed + counts.error, ...counts };
}

/** The turns of a session, oldest first, newest `limit` of them. */
export async function sessionHistory(
  db: Executor,
  sessionKey: string,
  limit: number,
): Promise<{ prompt: string; reply: unknown[]; model: string; outputText: string }[]> {
  const rows = await db
    .selectFrom('runs')
    .select(['prompt', 'replyJson', 'model', 'outputText'])
    .where('sessionKey', '=', sessionKey)
    .where('status', '=', 'completed')
    .orderBy('completedAt', 'desc')
    .limit(limit)
    .execute();
  return rows.reverse().map((row) => ({
    prompt: row.prompt ?? '',
    reply: JSON.parse(row.replyJson ?? '[]'),
    model: row.model ?? '',
    outputText: row.outputText ?? '',
  }));
}

/** When the newest heartbeat was made; undefined where there was none. */
export async function lastHeartbeatAt(db: Executor): Promise<number | undefined> {
  const row = await db
    .selectFrom('runs')
    .select('createdAt')
    .where('kind', '=', 'heartbeat')
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row?.createdAt;
}

/** The heartbeat that has begun and not ended; main's lane allows one at most. */
export async function findOpenHeartbeat(db: Executor): Promise<string | undefined> {
  const row = await db
    .selectFrom('runs')
    .select('id')
    .where('kind', '=', 'heartbeat')
    .where('status', 'in', ['pending', 'running'])
    .executeTakeFirst();
  return row?.id;
}

function escapeLike(text: string): string {
  return text.replace(/[\\%_]/g, '\\$&');
}

function toRun(row: Selectable<Database['runs']>): Run {
  const { actionJson, policyJson, usageJson, replyJson, ...same } = row;
  return {
    ...same,
    action: JSON.parse(actionJson),
    policy: JSON.parse(policyJson),
    usage: usageJson ? JSON.parse(usageJson) : null,
    reply: replyJson ? JSON.parse(replyJson) : null,
  };
}
