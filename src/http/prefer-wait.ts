import type { Request, Response } from 'express';
import type { Answer } from '../ingest/once.ts';
import { follow } from '../runtime/follow.ts';
import { deliveriesOf } from '../store/queries/deliveries.ts';
import { findRun } from '../store/queries/runs.ts';
import { findWorkflowRun } from '../store/queries/workflows.ts';
import type { HttpDeps } from './deps.ts';
import { loadWorkflow } from './read/load-workflow.ts';
import { runView } from './views/run.ts';

const longestWaitSeconds = 60;

/** The parts of an answer that say what was started. */
type Started = Readonly<Partial<Record<'runId' | 'runIds' | 'workflowRunId' | 'workflowRunIds' | 'eventId', string>>>;

/**
 * `Prefer: wait=N` (RFC 7240) on a call that started one thing: its end, if that comes within N seconds, at most 60. Null where
 * the caller does not ask for it, or has to make do with the answer that there is.
 */
export async function waitForEnd(deps: HttpDeps, req: Request, res: Response, answer: Answer): Promise<Answer | null> {
  const seconds = /(?:^|[,;\s])wait\s*=\s*"?(\d{1,6})\b/i.exec(req.get('prefer') ?? '')?.[1];
  if (seconds === undefined) return null;
  const started = JSON.parse(answer.body ?? '{}') as Started;
  if (!startedOne(started)) return null;
  res.setHeader('Preference-Applied', 'wait');
  const gone = new AbortController();
  res.once('close', () => gone.abort());
  const timeUp = AbortSignal.timeout(Math.min(Number(seconds), longestWaitSeconds) * 1000);
  const ended = await endOf(deps, started, AbortSignal.any([timeUp, gone.signal, deps.closing]));
  if (!ended) return null;
  return { ...answer, status: 200, body: JSON.stringify({ ok: true, ...started, ...ended }) };
}

function startedOne({ runId, runIds, workflowRunId, workflowRunIds }: Started): boolean {
  const several = runIds ?? workflowRunIds ?? (runId && workflowRunId);
  return (runId ?? workflowRunId) !== undefined && several === undefined;
}

/** The run or workflow once it has ended; undefined if the signal aborts before that. */
async function endOf({ store: { read }, live }: HttpDeps, { runId, workflowRunId = '' }: Started, signal: AbortSignal) {
  if (runId === undefined) {
    const ended = await follow(live, workflowRunId, { load: () => findWorkflowRun(read, workflowRunId), signal });
    return ended && { workflow: await loadWorkflow(read, workflowRunId, { replies: true, reader: 'hooks' }) };
  }
  const run = await follow(live, runId, { load: () => findRun(read, runId), signal });
  return run && { run: runView(run, (await deliveriesOf(read, [runId])).get(runId), 'hooks') };
}
