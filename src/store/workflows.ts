import type { Selectable } from 'kysely';
import type { Policy } from '../domain/mapping.ts';
import type { Run, RunErrorCode, RunStatus } from '../domain/run.ts';
import type { WorkflowRun } from '../domain/workflow.ts';
import type { Database, Executor } from './database.ts';
import { countersOf } from './runs.ts';

export type NewWorkflowRun = Omit<
  WorkflowRun,
  'startedAt' | 'completedAt' | 'summary' | 'error' | 'errorCode' | 'cancelled'
>;

export async function insertWorkflowRun(tx: Executor, workflow: NewWorkflowRun): Promise<void> {
  const { action, policy, ...same } = workflow;
  const { workflowId, name } = action;
  const json = { actionJson: JSON.stringify(action), policyJson: JSON.stringify(policy) };
  await tx
    .insertInto('workflowRuns')
    .values({ ...same, workflowId, name, ...json })
    .execute();
}

export async function findWorkflowRun(db: Executor, id: string): Promise<WorkflowRun | undefined> {
  const row = await db.selectFrom('workflowRuns').selectAll().where('id', '=', id).executeTakeFirst();
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

/** The runs of the steps of each of the workflows, in the order of the steps; without those that were taken back. */
export async function stepRunsOf(db: Executor, ids: readonly string[]): Promise<Map<string, StepRun[]>> {
  if (ids.length === 0) return new Map();
  const rows = await db
    .selectFrom('runs')
    .select(['id', 'workflowRunId', 'step', 'status', 'startedAt', 'completedAt', 'summary', 'error', 'errorCode'])
    .where('workflowRunId', 'in', [...ids])
    .where('step', 'is not', null)
    .orderBy('step')
    .execute();
  return Map.groupBy(rows, ({ workflowRunId }) => workflowRunId as string);
}

/** The replies of the steps of a workflow, by the ids of their runs. */
export async function stepOutputsOf(db: Executor, id: string): Promise<Map<string, string | null>> {
  const rows = await db
    .selectFrom('runs')
    .select(['id', 'outputText'])
    .where('workflowRunId', '=', id)
    .where('step', 'is not', null)
    .execute();
  return new Map(rows.map((row) => [row.id, row.outputText]));
}

/** A step is to begin; false where its workflow has been cancelled since it was queued. */
export async function beginStep(tx: Executor, id: string, now: number): Promise<boolean> {
  const of = tx.selectFrom('workflowRuns').select(['status', 'cancelled', 'startedAt']).where('id', '=', id);
  const workflow = await of.executeTakeFirst();
  if (workflow?.cancelled === 1) return false;
  if (workflow?.status === 'pending') {
    const begun = { status: 'running', startedAt: workflow.startedAt ?? now } as const;
    await tx.updateTable('workflowRuns').set(begun).where('id', '=', id).execute();
  }
  return true;
}

export async function endWorkflowRun(
  tx: Executor,
  id: string,
  end: {
    readonly status: 'completed' | 'error';
    readonly summary: string;
    readonly error: string | null;
    readonly errorCode: RunErrorCode | null;
  },
  now: number,
): Promise<void> {
  await tx
    .updateTable('workflowRuns')
    .set({ ...end, completedAt: now })
    .where('id', '=', id)
    .execute();
}

/** Notes that no further step is to begin; false where it has ended. */
export async function cancelWorkflowRun(tx: Executor, id: string): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable('workflowRuns')
    .set({ cancelled: 1 })
    .where('id', '=', id)
    .where('status', 'in', ['pending', 'running'])
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

/** Goes on by its owner's hand: the results of the steps after this one count no more. */
export async function reopenWorkflowRun(
  tx: Executor,
  id: string,
  { afterStep, policy }: { readonly afterStep: number; readonly policy: Policy },
): Promise<void> {
  await tx
    .updateTable('runs')
    .set({ step: null })
    .where('workflowRunId', '=', id)
    .where('step', '>', afterStep)
    .execute();
  await tx
    .updateTable('workflowRuns')
    .set({ status: 'pending', cancelled: 0, completedAt: null, summary: null, error: null, errorCode: null })
    .set({ policyJson: JSON.stringify(policy) })
    .where('id', '=', id)
    .execute();
}

function toWorkflowRun(row: Selectable<Database['workflowRuns']>): WorkflowRun {
  const { actionJson, policyJson, cancelled, workflowId: _id, name: _name, ...same } = row;
  return { ...same, cancelled: cancelled === 1, action: JSON.parse(actionJson), policy: JSON.parse(policyJson) };
}
