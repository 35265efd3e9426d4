import type { Response } from 'express';
import { isOver } from '../domain/run.ts';
import { follow } from '../runtime/follow.ts';
import { refuse } from './answer.ts';
import type { HttpDeps } from './deps.ts';
import { openStream } from './stream.ts';
import { noticeView } from './views.ts';
import { loadWorkflow } from './workflows.ts';

/**
 * `GET /workflows/:workflowRunId/stream`: a workflow as it goes on, to its end. An event `workflow` at once and whenever the state of
 * a step has changed, between them what is heard of the step under way, with its `stepId`.
 */
export async function streamWorkflow({ store, live, closing }: HttpDeps, id: string, res: Response): Promise<void> {
  const load = () => loadWorkflow(store.read, id);
  let workflow = await load();
  if (!workflow) return refuse(res, 404, 'workflow run not found');
  const stream = openStream(res, closing);
  let told = '';
  await follow(live, id, {
    load,
    hasEnded: (state) => state === undefined || isOver(state),
    onState(state) {
      const stages = JSON.stringify([state?.status, state?.steps.map(({ status, runId }) => [status, runId])]);
      if (state && stages !== told) stream.send('workflow', { workflow: state });
      workflow = state;
      told = stages;
    },
    onNotice(notice) {
      const stepId = workflow?.steps.find(({ runId }) => runId === notice.runId)?.stepId;
      stream.send(notice.kind, { stepId, ...noticeView(notice) });
    },
    signal: stream.gone,
  });
  stream.end();
}
