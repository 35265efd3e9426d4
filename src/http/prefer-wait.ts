import type { Request, Response } from 'express';
import type { Answer } from '../ingest/once.ts';
import { follow } from '../runtime/watching/follow.ts';
import { deliveriesOf } from '../store/queries/deliveries.ts';
import { findRun } from '../store/queries/runs.ts';
import { findWorkflowRun } from '../store/queries/workflows.ts';
import type { HttpDeps } from './deps.ts';
import { loadWorkflow } from './read/load-workflow.ts';
import { runView } from './views/run.ts';

const longestWaitSeconds = 60;

/**
 * `Prefer: wait=N` (RFC 7240) on a call that started one thing: its end, if that comes within N seconds, at most 60. Null where
 * the caller does not ask for it, or has to make do with the answer that there is.
 */
export async function waitForEnd(deps: HttpDeps, req: Request, res: Response, answer: Answer): Promise<Answer | null> {
  const seconds = /(?:^|[,;\s])wait\s*=\s*"?(\d{1,6})\b/i.exec(req.get('prefer') ?? '')?.[1];
  if (seconds === undefined) return null;
  const { runIds = [], workflowRunIds = [] } = answer.started ?? {};
  const [one, ...others] = [...runIds, ...workflowRunIds];
  if (one === undefined || others.length > 0) return null;
  res.setHeader('Preference-Applied', 'wait');
  const gone = new AbortController();
  res.once('close', () => gone.abort());
  const timeUp = AbortSignal.timeout(Math.min(Number(seconds), longestWaitSeconds) * 1000);
  const signal = AbortSignal.any([timeUp, gone.signal, deps.closing]);
  const ended = await (runIds.length > 0 ? endOfRun : endOfWorkflow)(deps, one, signal);
  return ended ? { ...answer, status: 200, body: { ...answer.body, ...ended } } : null;
}

/** The run once it has ended; undefined if the signal aborts before that. */
async function endOfRun({ store: { read }, live }: HttpDeps, id: string, signal: AbortSignal) {
  const run = await follow(live, id, { load: () => findRun(read, id), signal });
  return run && { run: runView(run, (await deliveriesOf(read, [id])).get(id), 'hooks') };
}

/** The same of a workflow. */
async function endOfWorkflow({ store: { read }, live }: HttpDeps, id: string, signal: AbortSignal) {
  const ended = await follow(live, id, { load: () => findWorkflowRun(read, id), signal });
  return ended && { workflow: await loadWorkflow(read, id, { replies: true, reader: 'hooks' }) };
}
