import type { Response } from 'express';
import type { Executor } from '../store/database.ts';
import {
  findWorkflowRun,
  listWorkflowRuns,
  stepOutputsOf,
  stepRunsOf,
  stepStagesOf,
} from '../store/queries/workflows.ts';
import { refuse } from './answer.ts';
import { pageOf } from './runs.ts';
import { type Reader, workflowRow, workflowView } from './views.ts';

/** `GET /workflows`: newest first. */
export async function getWorkflows(db: Executor, query: Record<string, string>, res: Response): Promise<void> {
  const page = pageOf(query);
  if (typeof page === 'string') return refuse(res, 400, page);
  const { workflows, total } = await listWorkflowRuns(db, { ...page, workflowId: query.workflowId });
  const ids = workflows.map(({ id }) => id);
  const stages = await stepStagesOf(db, ids);
  const rows = workflows.map((workflow) => workflowRow(workflow, stages.get(workflow.id) ?? []));
  res.json({ ok: true, workflows: rows, total, limit: page.limit, offset: page.offset });
}

/** `GET /workflows/:workflowRunId` */
export async function getWorkflow(db: Executor, id: string, reader: Reader, res: Response): Promise<void> {
  const workflow = await loadWorkflow(db, id, { replies: true, reader });
  if (!workflow) return refuse(res, 404, 'workflow run not found');
  res.json({ ok: true, workflow });
}

/** A workflow as the world sees it; undefined where there is none. The replies of its steps may be long, so who asks often does without. */
export async function loadWorkflow(
  db: Executor,
  id: string,
  { replies, reader }: { readonly replies: boolean; readonly reader: Reader },
): Promise<ReturnType<typeof workflowView> | undefined> {
  const workflow = await findWorkflowRun(db, id);
  if (!workflow) return undefined;
  const runs = await stepRunsOf(db, id);
  return workflowView(workflow, runs, reader, replies ? await stepOutputsOf(db, id) : undefined);
}
