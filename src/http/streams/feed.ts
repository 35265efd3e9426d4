import type { StreamRoute } from '../api/route.ts';
import { noticeView } from '../views/notice.ts';
import { notices } from './run-stream.ts';
import { openStream } from './stream.ts';

/** All that goes on in this process, for who shows it: what counts stands in the store. */
export const streamFeed: StreamRoute = {
  method: 'GET',
  path: '/feed',
  about: 'All that goes on from now on, without an end.',
  events: {
    event: 'Something was received: `{hook, outcome}`.',
    run: 'A run has begun or ended: `{runId, workflowRunId}`.',
    ...notices,
  },
  async stream({ live, closing }, _call, res) {
    const stream = openStream(res, closing);
    const end = live.feed((happening) => {
      const { kind, ...data } = happening;
      if (happening.kind === 'event' || happening.kind === 'run') return stream.send(kind, data);
      stream.send(kind, { runId: happening.runId, ...noticeView(happening, 'owner') });
    });
    stream.gone.addEventListener('abort', () => {
      end();
      stream.end();
    });
  },
};
