import { type Selectable, sql } from 'kysely';
import type { Policy } from '../../domain/mapping.ts';
import {
  mainSession,
  type Run,
  type RunErrorCode,
  type RunStatus,
  type Screening,
  type Spending,
} from '../../domain/run.ts';
import type { Database, Executor } from '../database.ts';
import { dialectOf } from '../dialect.ts';
import { prepared, preparedInsert } from '../prepared.ts';
import { clearedAt } from './sessions.ts';

const insert = preparedInsert('runs', [
  'id',
  'kind',
  'eventId',
  'workflowRunId',
  'step',
  'hook',
  'name',
  'sessionKey',
  'status',
  'actionJson',
  'policyJson',
  'createdAt',
  'chars',
]);

/** What is known of a run before it starts. */
export type NewRun = Pick<Run, 'id' | 'kind' | 'eventId' | 'hook' | 'action' | 'policy' | 'createdAt'> &
  Partial<Pick<Run, 'workflowRunId' | 'step'>>;

export function insertRun(tx: Executor, run: NewRun): Promise<unknown> {
  const { action, policy, workflowRunId = null, step = null, ...same } = run;
  const { chars = null, ...asked } = action;
  return insert(tx, {
    ...same,
    workflowRunId,
    step,
    name: action.name,
    sessionKey: action.sessionKey,
    status: 'pending',
    actionJson: JSON.stringify(asked),
    policyJson: JSON.stringify(policy),
    chars,
  });
}

const start = prepared((tx, { id, attempt, now }: { id: string; attempt: number; now: number }) =>
  tx
    .updateTable('runs')
    .set({ status: 'running', attempts: attempt, startedAt: now, error: null, errorCode: null })
    .where('id', '=', id)
    .where('status', 'in', ['pending', 'running'])
    .returningAll(),
);

/** Marks the run as running and gives it back; undefined where it is gone or ended meanwhile. */
export async function startRun(tx: Executor, id: string, attempt: number, now: number): Promise<Run | undefined> {
  const [row] = await start(tx, { id, attempt, now });
  return row && toRun(row);
}

/** What a run's end adds to its record. */
export interface RunEnd {
  readonly prompt?: string | undefined;
  readonly reply?: readonly unknown[];
  readonly model?: string | undefined;
  /** of all attempts; null leaves it as it is */
  readonly spending?: Spending | null;
  readonly outputText?: string;
  readonly summary: string;
  readonly warning?: string | null;
  readonly error?: string;
  readonly errorCode?: RunErrorCode;
  /** a heartbeat that only acknowledged */
  readonly acknowledged?: boolean;
}

const finish = prepared(
  (
    tx,
    end: Pick<
      Database['runs'],
      | 'id'
      | 'status'
      | 'completedAt'
      | 'prompt'
      | 'model'
      | 'replyJson'
      | 'spendingJson'
      | 'outputText'
      | 'summary'
      | 'warning'
      | 'error'
      | 'errorCode'
    > & { readonly acknowledged: 0 | 1 },
  ) => {
    const { id, prompt, model, spendingJson, status, completedAt, replyJson, outputText, summary } = end;
    // What is not known of this attempt stays as an earlier one left it.
    const kept = {
      prompt: sql<string | null>`coalesce(${prompt}, prompt)`,
      model: sql<string | null>`coalesce(${model}, model)`,
      spendingJson: sql<string | null>`coalesce(${spendingJson}, spending_json)`,
    };
    const { warning, error, errorCode, acknowledged } = end;
    return tx
      .updateTable('runs')
      .set({ ...kept, status, completedAt, replyJson, outputText, summary, warning, error, errorCode, acknowledged })
      .where('id', '=', id);
  },
);

export async function finishRun(tx: Executor, id: string, end: RunEnd, now: number): Promise<void> {
  const { reply, spending, prompt = null, model = null, outputText = null, warning = null, summary } = end;
  const { error = null, errorCode = null, acknowledged = false } = end;
  await finish(tx, {
    id,
    status: error === null ? 'completed' : 'error',
    completedAt: now,
    prompt,
    model,
    replyJson: reply ? JSON.stringify(reply) : null,
    spendingJson: spending ? JSON.stringify(spending) : null,
    outputText,
    summary,
    warning,
    error,
    errorCode,
    acknowledged: acknowledged ? 1 : 0,
  });
}

/** Back to pending: for another attempt, with the last one's error, or by hand. */
export async function reopenRun(
  tx: Executor,
  id: string,
  failure: { prompt?: string | undefined; error: string; errorCode: RunErrorCode } | null,
  spending: Spending | null = null,
): Promise<void> {
  const spent = spending && { spendingJson: JSON.stringify(spending) };
  await tx
    .updateTable('runs')
    .set({ status: 'pending', completedAt: null, ...spent, ...(failure ?? { error: null, errorCode: null }) })
    .where('id', '=', id)
    .execute();
}

/** Back to pending by its owner's hand. */
export async function reopenByHand(tx: Executor, id: string): Promise<void> {
  await tx
    .updateTable('runs')
    .set({ status: 'pending', completedAt: null, error: null, errorCode: null, cancelled: 0 })
    .where('id', '=', id)
    .execute();
}

/** Notes of a run under way that it is to end. False where it has ended meanwhile. */
export async function markCancelled(tx: Executor, id: string): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable('runs')
    .set({ cancelled: 1 })
    .where('id', '=', id)
    .where('status', 'in', ['pending', 'running'])
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

const findCancelled = prepared((db, { id }: { id: string }) =>
  db.selectFrom('runs').select('id').where('id', '=', id).where('cancelled', '=', sql.lit(1)),
);

export async function isCancelled(tx: Executor, id: string): Promise<boolean> {
  return (await findCancelled(tx, { id })).length > 0;
}

/** What came of having the run's values screened. */
export async function recordScreening(tx: Executor, id: string, screening: Screening): Promise<void> {
  await tx
    .updateTable('runs')
    .set({ screeningJson: JSON.stringify(screening) })
    .where('id', '=', id)
    .execute();
}

/** By its owner's hand: nothing else changes the policy that a run began with. */
export async function setPolicy(tx: Executor, id: string, policy: Policy): Promise<void> {
  await tx
    .updateTable('runs')
    .set({ policyJson: JSON.stringify(policy) })
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

const find = prepared((db, { id }: { id: string }) => db.selectFrom('runs').selectAll().where('id', '=', id));

export async function findRun(db: Executor, id: string): Promise<Run | undefined> {
  const [row] = await find(db, { id });
  return row && toRun(row);
}

/** A run as lists show it: only what is short. */
export type RunRow = Omit<Run, 'action' | 'policy' | 'prompt' | 'reply' | 'outputText' | 'screening' | 'cancelled'>;

/** What runs are looked for; each that is given must be so. */
export interface RunFilter {
  /** one of these */
  readonly statuses?: readonly RunStatus[] | undefined;
  /** part of the name, in any case */
  readonly name?: string | undefined;
  readonly kind?: Run['kind'] | undefined;
  readonly hook?: string | undefined;
  readonly code?: RunErrorCode | undefined;
  /** made then or later, in epoch ms */
  readonly since?: number | undefined;
}

export interface RunPage extends RunFilter {
  readonly limit: number;
  readonly offset: number;
}

function matching(db: Executor, { statuses, name, kind, hook, code, since }: RunFilter) {
  return (
    db
      .selectFrom('runs')
      // A literal, as in the partial index of heartbeats.
      .$if(kind !== undefined, (query) => query.where('kind', '=', sql.lit(kind as Run['kind'])))
      .$if(statuses?.length === 1, (query) => query.where('status', '=', statuses?.[0] as RunStatus))
      .$if(statuses !== undefined && statuses.length !== 1, (query) => query.where('status', 'in', statuses ?? []))
      .$if(hook !== undefined, (query) => query.where('hook', '=', String(hook)))
      .$if(since !== undefined, (query) => query.where('createdAt', '>=', Number(since)))
      .$if(name !== undefined, (query) => query.where(dialectOf(db).contains(sql.ref('name'), String(name))))
      .$if(code !== undefined, (query) => query.where('errorCode', '=', code as RunErrorCode))
  );
}

/** Newest first, with the number of all that match. */
export async function listRuns(db: Executor, page: RunPage): Promise<{ runs: RunRow[]; total: number }> {
  const { statuses, kind, name, hook, code, since } = page;
  const found = matching(db, page);
  const rows = await found
    .select(listed)
    .select(shortened)
    .orderBy('id', 'desc')
    .limit(page.limit)
    .offset(page.offset)
    .execute();
  const isCounted = [name, hook, code, since].every((one) => one === undefined);
  const total = isCounted
    ? await countedRuns(db, kind, statuses)
    : (await found.select(db.fn.countAll<number>().as('total')).executeTakeFirstOrThrow()).total;
  return {
    runs: rows.map(({ spendingJson, ...same }) => ({ ...same, spending: spendingOf(spendingJson) })),
    total,
  };
}

async function countedRuns(db: Executor, kind: RunFilter['kind'], statuses: RunFilter['statuses']): Promise<number> {
  const counts = await runCounts(db, kind);
  return statuses === undefined ? counts.total : statuses.reduce((sum, status) => sum + counts[status], 0);
}

/** So many rows are looked at in one go. */
const lookAtOnce = 2000;

/**
 * The ids of the runs of one status that match, oldest first, from those after `after`, and where to go on; null at the end. However
 * few match, one call looks at a bounded number of rows, so that nobody waits long for the event loop.
 */
export async function nextRunIds(
  db: Executor,
  status: RunStatus,
  filter: RunFilter,
  after: string,
): Promise<{ ids: string[]; last: string | null }> {
  // The index has all that this needs.
  const slice = await db
    .selectFrom('runs')
    .select('id')
    .where('status', '=', status)
    .where('id', '>', after)
    .orderBy('id')
    .limit(lookAtOnce)
    .execute();
  const last = slice.at(-1)?.id;
  if (last === undefined) return { ids: [], last: null };
  const rows = await matching(db, { ...filter, statuses: [status] })
    .select('id')
    .where('id', '>', after)
    .where('id', '<=', last)
    .orderBy('id')
    .execute();
  return { ids: rows.map(({ id }) => id), last };
}

const listed = [
  'id',
  'kind',
  'eventId',
  'workflowRunId',
  'step',
  'hook',
  'name',
  'sessionKey',
  'status',
  'createdAt',
  'startedAt',
  'completedAt',
  'attempts',
  'model',
  'spendingJson',
  'summary',
  'errorCode',
] as const;

/** What others say may be long, and a list has many. */
const shortened = (['warning', 'error'] as const).map((column) =>
  sql<string | null>`substr(${sql.ref(column)}, 1, 1000)`.as(column),
);

/** How many runs there are, of a kind or of all, by status. */
export async function runCounts(db: Executor, kind?: Run['kind']): Promise<Record<RunStatus | 'total', number>> {
  return countersOf(db, kind ? [kind] : ['hook', 'heartbeat']);
}

/** What the triggers have counted, the given kinds together. */
export async function countersOf(
  db: Executor,
  kinds: readonly (Run['kind'] | 'workflow')[],
): Promise<Record<RunStatus | 'total', number>> {
  const rows = await db.selectFrom('counters').selectAll().execute();
  const of = (status: RunStatus) => {
    const names = kinds.map((one) => `${one}.${status}`);
    return rows.filter((row) => names.includes(row.name)).reduce((sum, row) => sum + row.value, 0);
  };
  const counts = { pending: of('pending'), running: of('running'), completed: of('completed'), error: of('error') };
  return { total: counts.pending + counts.running + counts.completed + counts.error, ...counts };
}

// Conditions of partial indexes: as literals, since SQLite does not use such an index for a parameter.
const isHeartbeat = sql<boolean>`kind = 'heartbeat'`;
const isOpen = sql<boolean>`status in ('pending', 'running')`;

/** The heartbeats that completed last since main was cleared, newest first, with at most `characters` of what each answered. */
export async function latestBeats(
  db: Executor,
  limit: number,
  characters: number,
): Promise<{ id: string; completedAt: number; answer: string }[]> {
  const rows = await db
    .selectFrom('runs')
    .select(['id', 'completedAt', sql<string | null>`substr(output_text, 1, ${characters})`.as('answer')])
    .where(isHeartbeat)
    .where('status', '=', 'completed')
    .where(sql<boolean>`completed_at >= ${clearedAt(mainSession)}`)
    .orderBy('id', 'desc')
    .limit(limit)
    .execute();
  return rows.map(({ id, completedAt, answer }) => ({ id, completedAt: completedAt ?? 0, answer: answer ?? '' }));
}

/** The heartbeat that has begun and not ended: an index allows one at most. */
export async function findOpenHeartbeat(db: Executor): Promise<string | undefined> {
  const row = await db.selectFrom('runs').select('id').where(isHeartbeat).where(isOpen).executeTakeFirst();
  return row?.id;
}

function toRun(row: Selectable<Database['runs']>): Run {
  const { actionJson, policyJson, spendingJson, replyJson, screeningJson, cancelled, ...rest } = row;
  const { acknowledged: _, joined: _joined, chars: _chars, ...same } = rest;
  return {
    ...same,
    cancelled: cancelled === 1,
    action: JSON.parse(actionJson),
    policy: JSON.parse(policyJson),
    spending: spendingOf(spendingJson),
    reply: replyJson ? JSON.parse(replyJson) : null,
    screening: screeningJson ? JSON.parse(screeningJson) : null,
  };
}

function spendingOf(json: string | null): Spending | null {
  return json === null ? null : JSON.parse(json);
}
