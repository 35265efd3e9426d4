import { isOver } from '../../domain/run.ts';
import { follow } from '../../runtime/watching/follow.ts';
import type { StreamRoute } from '../api/route.ts';
import { HttpError } from '../errors.ts';
import { loadWorkflow } from '../read/load-workflow.ts';
import { noticeView } from '../views/notice.ts';
import { notices } from './run-stream.ts';
import { openStream } from './stream.ts';

/** A workflow as it goes on, to its end. Between two states is what is heard of the step under way, with its `stepId`. */
export const streamWorkflow: StreamRoute = {
  method: 'GET',
  path: '/workflows/:id/stream',
  about: 'A workflow as it goes on, to its end.',
  events: {
    workflow:
      'The workflow, at once and whenever the state of a step has changed: `{workflow}`. The last has the replies.',
    ...notices,
  },
  async stream({ store: { read }, live, closing }, { params: { id = '' }, reader }, res) {
    let latest: Awaited<ReturnType<typeof loadWorkflow>>;
    const load = async () => {
      latest = await loadWorkflow(read, id, { replies: false, reader });
      return latest;
    };
    if (!(await load())) throw new HttpError('not-found', 'workflow run not found');
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
  },
};
