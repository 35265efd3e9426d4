import type { Response } from 'express';
import { isOver } from '../domain/run.ts';
import { follow } from '../runtime/follow.ts';
import { refuse } from './answer.ts';
import type { HttpDeps } from './deps.ts';
import { openStream } from './stream.ts';
import { noticeView, type Reader } from './views.ts';
import { loadWorkflow } from './workflows.ts';

/**
 * `GET /workflows/:workflowRunId/stream`: a workflow as it goes on, to its end. An event `workflow` at once and whenever the state of
 * a step has changed, between them what is heard of the step under way, with its `stepId`. The last has the replies.
 */
export async function streamWorkflow(
  { store: { read }, live, closing }: HttpDeps,
  id: string,
  reader: Reader,
  res: Response,
): Promise<void> {
  let latest: Awaited<ReturnType<typeof loadWorkflow>>;
  const load = async () => {
    latest = await loadWorkflow(read, id, { replies: false, reader });
    return latest;
  };
  if (!(await load())) return refuse(res, 404, 'workflow run not found');
  const stream = openStream(res, closing);
  let told = '';
  await follow(live, id, {
    load,
    async onState(workflow) {
      const stages = JSON.stringify([workflow.status, workflow.steps.map(({ status, runId }) => [status, runId])]);
      if (stages === told) return;
      told = stages;
      const shown = isOver(workflow) ? await loadWorkflow(read, id, { replies: true, reader }) : workflow;
      stream.send('workflow', { workflow: shown });
    },
    onNotice(notice) {
      const stepId = latest?.steps.find(({ runId }) => runId === notice.runId)?.stepId;
      stream.send(notice.kind, { stepId, ...noticeView(notice, reader) });
    },
    signal: stream.gone,
  });
  stream.end();
}
