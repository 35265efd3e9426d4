import type { Static } from 'typebox';
import type { Executor } from '../../store/database.ts';
import { findWorkflowRun, stepOutputsOf, stepRunsOf } from '../../store/queries/workflows.ts';
import type { Reader } from '../views/reader.ts';
import { type workflowSchema, workflowView } from '../views/workflow.ts';

/** A workflow as the world sees it; undefined where there is none. The replies of its steps may be long, so who asks often does without. */
export async function loadWorkflow(
  db: Executor,
  id: string,
  { replies, reader }: { readonly replies: boolean; readonly reader: Reader },
): Promise<Static<typeof workflowSchema> | undefined> {
  const workflow = await findWorkflowRun(db, id);
  if (!workflow) return undefined;
  const runs = await stepRunsOf(db, id);
  return workflowView(workflow, runs, reader, replies ? await stepOutputsOf(db, id) : undefined);
}
