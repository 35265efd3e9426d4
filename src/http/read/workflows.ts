import { Type } from 'typebox';
import { runStatuses } from '../../domain/run.ts';
import { listWorkflowRuns, stepStagesOf } from '../../store/queries/workflows.ts';
import { freeText, oneOf } from '../api/parameters.ts';
import { type AnyRoute, apiRoute } from '../api/route.ts';
import { HttpError } from '../errors.ts';
import { streamWorkflow } from '../streams/workflow-stream.ts';
import { workflowRow, workflowRowSchema, workflowSchema } from '../views/workflow.ts';
import { loadWorkflow } from './load-workflow.ts';
import { page, pageSchema } from './runs.ts';

export const getWorkflows = apiRoute({
  method: 'GET',
  path: '/workflows',
  about: 'Workflows, newest first.',
  query: { status: oneOf('In this state.', runStatuses), workflowId: freeText('Of this workflow.'), ...page },
  answer: Type.Object({ workflows: Type.Array(workflowRowSchema), ...pageSchema }),
  async handle({ store: { read } }, { query: { workflowId, status, limit, offset } }) {
    const { workflows, total } = await listWorkflowRuns(read, { workflowId, status, limit, offset });
    const ids = workflows.map(({ id }) => id);
    const stages = await stepStagesOf(read, ids);
    const rows = workflows.map((workflow) => workflowRow(workflow, stages.get(workflow.id) ?? []));
    return { workflows: rows, total, limit, offset };
  },
});

export const getWorkflow = apiRoute({
  method: 'GET',
  path: '/workflows/:id',
  about: 'A workflow with its steps and their replies.',
  answer: Type.Object({ workflow: workflowSchema }),
  async handle({ store }, { params: { id = '' }, reader }) {
    const workflow = await loadWorkflow(store.read, id, { replies: true, reader });
    if (!workflow) throw new HttpError('not-found', 'workflow run not found');
    return { workflow };
  },
});

/** What is read of workflows, by whoever has the hook token and by the owner. */
export const workflowReads: readonly AnyRoute[] = [getWorkflows, streamWorkflow, getWorkflow];
