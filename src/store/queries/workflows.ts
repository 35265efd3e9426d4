import { type Selectable, sql } from 'kysely';
import type { Run, RunErrorCode, RunStatus } from '../../domain/run.ts';
import type { WorkflowRun } from '../../domain/workflow.ts';
import type { Database, Executor } from '../database.ts';
import { prepared, preparedInsert } from '../prepared.ts';
import { countersOf } from './runs.ts';

export type NewWorkflowRun = Omit<WorkflowRun, 'startedAt' | 'completedAt' | 'summary' | 'error' | 'errorCode'>;

const insert = preparedInsert('workflowRuns', [
  'id',
  'workflowId',
  'name',
  'eventId',
  'hook',
  'sessionKey',
  'status',
  'actionJson',
  'policyJson',
  'group',
  'createdAt',
]);

export function insertWorkflowRun(tx: Executor, workflow: NewWorkflowRun): Promise<unknown> {
  const { action, policy, ...same } = workflow;
  const { workflowId, name } = action;
  const json = { actionJson: JSON.stringify(action), policyJson: JSON.stringify(policy) };
  return insert(tx, { ...same, workflowId, name, ...json });
}

const find = prepared((db, { id }: { id: string }) => db.selectFrom('workflowRuns').selectAll().where('id', '=', id));

export async function findWorkflowRun(db: Executor, id: string): Promise<WorkflowRun | undefined> {
  const [row] = await find(db, { id });
  return row && toWorkflowRun(row);
}

export interface WorkflowFilter {
  readonly status?: RunStatus | undefined;
  readonly workflowId?: string | undefined;
  readonly limit: number;
  readonly offset: number;
}

/** Newest first, with the number of all that match. */
export async function listWorkflowRuns(
  db: Executor,
  { status, workflowId, limit, offset }: WorkflowFilter,
): Promise<{ workflows: WorkflowRun[]; total: number }> {
  const matching = db
    .selectFrom('workflowRuns')
    .$if(status !== undefined, (query) => query.where('status', '=', status as RunStatus))
    .$if(workflowId !== undefined, (query) => query.where('workflowId', '=', workflowId as string));
  const rows = await matching.selectAll().orderBy('id', 'desc').limit(limit).offset(offset).execute();
  const total =
    workflowId === undefined
      ? (await countersOf(db, ['workflow']))[status ?? 'total']
      : (await matching.select(db.fn.countAll<number>().as('total')).executeTakeFirstOrThrow()).total;
  return { workflows: rows.map(toWorkflowRun), total };
}

/** What is shown of a step's run, but for its reply, which may be long. */
export type StepRun = Pick<
  Run,
  'id' | 'step' | 'status' | 'startedAt' | 'completedAt' | 'summary' | 'error' | 'errorCode'
>;

const findSteps = prepared((db, { id }: { id: string }) =>
  db
    .selectFrom('runs')
    .select(['id', 'step', 'status', 'startedAt', 'completedAt', 'summary', 'error', 'errorCode'])
    .where('workflowRunId', '=', id)
    .where('step', 'is not', null)
    .orderBy('step'),
);

/** The runs of the steps of a workflow, in the order of the steps; without those that were taken back. */
export function stepRunsOf(db: Executor, id: string): Promise<StepRun[]> {
  return findSteps(db, { id });
}

/** Where the steps of each of the workflows are, for lists: without a look at their runs. */
export async function stepStagesOf(
  db: Executor,
  ids: readonly string[],
): Promise<Map<string, Pick<Run, 'step' | 'status'>[]>> {
  if (ids.length === 0) return new Map();
  const rows = await db
    .selectFrom('runs')
    .select(['workflowRunId', 'step', 'status'])
    .where('workflowRunId', 'in', [...ids])
    .where('step', 'is not', null)
    .execute();
  return Map.groupBy(rows, ({ workflowRunId }) => workflowRunId as string);
}

const findOutputs = prepared((db, { id }: { id: string }) =>
  db.selectFrom('runs').select(['id', 'outputText']).where('workflowRunId', '=', id).where('step', 'is not', null),
);

/** The replies of the steps of a workflow, by the ids of their runs. */
export async function stepOutputsOf(db: Executor, id: string): Promise<Map<string, string | null>> {
  const rows = await findOutputs(db, { id });
  return new Map(rows.map((row) => [row.id, row.outputText]));
}

const start = prepared((tx, { id, now }: { id: string; now: number }) =>
  tx
    .updateTable('workflowRuns')
    .set({ status: 'running', startedAt: sql<number>`coalesce(started_at, ${now})` })
    .where('id', '=', id)
    .where('status', '=', 'pending'),
);

/** A step has begun. */
export async function markWorkflowStarted(tx: Executor, id: string, now: number): Promise<void> {
  await start(tx, { id, now });
}

interface WorkflowEnd {
  readonly status: 'completed' | 'error';
  readonly summary: string;
  readonly error: string | null;
  readonly errorCode: RunErrorCode | null;
}

const end = prepared((tx, { id, status, summary, error, errorCode, now }: WorkflowEnd & { id: string; now: number }) =>
  tx.updateTable('workflowRuns').set({ status, summary, error, errorCode, completedAt: now }).where('id', '=', id),
);

export async function endWorkflowRun(tx: Executor, id: string, how: WorkflowEnd, now: number): Promise<void> {
  await end(tx, { ...how, id, now });
}

/** Goes on by its owner's hand: the results of the steps after this one count no more. */
export async function reopenWorkflowRun(tx: Executor, id: string, afterStep: number): Promise<void> {
  await tx
    .updateTable('runs')
    .set({ step: null })
    .where('workflowRunId', '=', id)
    .where('step', '>', afterStep)
    .execute();
  await tx
    .updateTable('workflowRuns')
    .set({ status: 'pending', completedAt: null, summary: null, error: null, errorCode: null })
    .where('id', '=', id)
    .execute();
}

function toWorkflowRun(row: Selectable<Database['workflowRuns']>): WorkflowRun {
  const { actionJson, policyJson, workflowId: _id, name: _name, ...same } = row;
  return { ...same, action: JSON.parse(actionJson), policy: JSON.parse(policyJson) };
}
