import type { Request, Response } from 'express';
import { isOver } from '../domain/run.ts';
import type { Answer } from '../ingest/once.ts';
import { follow } from '../runtime/follow.ts';
import { deliveriesOf } from '../store/deliveries.ts';
import { findRun } from '../store/runs.ts';
import type { HttpDeps } from './deps.ts';
import { runView } from './views.ts';

const longestWaitSeconds = 60;

/**
 * `Prefer: wait=N` (RFC 7240) on a call that made one run: its end, if that comes within N seconds, at most 60. Null where the
 * caller does not ask for it, or has to make do with the answer that there is.
 */
export async function waitForRun(deps: HttpDeps, req: Request, res: Response, answer: Answer): Promise<Answer | null> {
  const seconds = /(?:^|[,;\s])wait\s*=\s*"?(\d{1,6})\b/i.exec(req.get('prefer') ?? '')?.[1];
  const { runId, runIds, eventId } = JSON.parse(answer.body ?? '{}') as Record<string, string | undefined>;
  if (seconds === undefined || runId === undefined || runIds !== undefined) return null;
  res.setHeader('Preference-Applied', 'wait');
  const gone = new AbortController();
  res.once('close', () => gone.abort());
  const timeUp = AbortSignal.timeout(Math.min(Number(seconds), longestWaitSeconds) * 1000);
  const run = await follow(deps.live, runId, {
    load: () => findRun(deps.store.read, runId),
    hasEnded: (run) => run === undefined || isOver(run),
    signal: AbortSignal.any([timeUp, gone.signal, deps.closing]),
  });
  if (!run) return null;
  const view = runView(run, (await deliveriesOf(deps.store.read, [runId])).get(runId));
  return { ...answer, status: 200, body: JSON.stringify({ ok: true, runId, eventId, run: view }) };
}
