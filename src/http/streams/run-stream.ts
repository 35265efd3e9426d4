import { follow } from '../../runtime/watching/follow.ts';
import { deliveriesOf } from '../../store/queries/deliveries.ts';
import { findRun } from '../../store/queries/runs.ts';
import type { StreamRoute } from '../api/route.ts';
import { HttpError } from '../errors.ts';
import { noticeView } from '../views/notice.ts';
import { runView } from '../views/run.ts';
import { openStream } from './stream.ts';

/** What is heard of a run under way. */
export const notices = {
  text: 'A piece of what the model says: `{text}`.',
  tool: 'A call of a tool, and its end: `{call, name, …}`.',
  restart: 'Another attempt begins; what was told before counts no more: `{}`.',
};

/** A run as it goes on, to its end. */
export const streamRun: StreamRoute = {
  method: 'GET',
  path: '/runs/:id/stream',
  about: 'A run as it goes on, to its end.',
  events: { run: 'The run, at once and with each change of its status: `{run}`.', ...notices },
  async stream({ store: { read }, live, closing }, { params: { id = '' }, reader }, res) {
    const load = () => findRun(read, id);
    const found = await load();
    if (!found || (reader === 'hooks' && found.kind !== 'hook')) throw new HttpError('not-found', 'run not found');
    const stream = openStream(res, closing);
    let told = '';
    await follow(live, id, {
      load,
      async onState(run) {
        const stage = `${run.status} ${run.attempts}`;
        if (stage === told) return;
        told = stage;
        stream.send('run', { run: runView(run, (await deliveriesOf(read, [id])).get(id), reader) });
      },
      onNotice: (notice) => stream.send(notice.kind, noticeView(notice, reader)),
      signal: stream.gone,
    });
    stream.end();
  },
};
