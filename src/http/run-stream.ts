import type { Response } from 'express';
import { follow } from '../runtime/follow.ts';
import { deliveriesOf } from '../store/queries/deliveries.ts';
import { findRun } from '../store/queries/runs.ts';
import { refuse } from './answer.ts';
import type { HttpDeps } from './deps.ts';
import { openStream } from './stream.ts';
import { noticeView, type Reader, runView } from './views.ts';

/**
 * `GET /runs/:runId/stream`: a run as it goes on, to its end. An event `run` at once and with each change of its status, between
 * them what is heard of it: `text`, `tool`, `restart`.
 */
export async function streamRun(
  { store: { read }, live, closing }: HttpDeps,
  id: string,
  reader: Reader,
  res: Response,
): Promise<void> {
  const load = () => findRun(read, id);
  const found = await load();
  if (!found || (reader === 'hooks' && found.kind !== 'hook')) return refuse(res, 404, 'run not found');
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
}
