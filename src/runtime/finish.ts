import { v7 as uuid } from 'uuid';
import type { Reply } from '../agent/agent.ts';
import { route } from '../channels/route.ts';
import type { TurnError } from '../domain/errors.ts';
import { withoutAck } from '../domain/heartbeat.ts';
import { backoffMs, type Job, maxAttempts } from '../domain/job.ts';
import { oneLine, type Run, summaryOf } from '../domain/run.ts';
import { deliverJob, wakeJob } from '../queue/jobs.ts';
import { insertDelivery, lastRouteOfMain } from '../store/deliveries.ts';
import { anotherBeatIsDue, insertSystemEvent, markLinesRead, releaseLines } from '../store/inbox.ts';
import { finishRun, reopenRun } from '../store/runs.ts';
import type { Work } from '../store/store.ts';
import type { Runtime } from './runtime.ts';

type AfterCommit = Parameters<Work<unknown>>[1];
type Executor = Parameters<Work<unknown>>[0];

/**
 * The finishing transactions: everything that follows from a turn is written with its end, or not at all. Each begins by
 * giving up the job, and writes nothing where another worker has taken it over.
 */
export async function completeRun(
  runtime: Runtime,
  job: Job,
  run: Run,
  turn: { prompt: string; model: string; reply: Reply },
): Promise<void> {
  const { store, queue, current } = runtime;
  const { text: outputText, reply, usage } = turn.reply;
  const summary = summaryOf(outputText);
  const settings = current();
  await store.write(async (tx, afterCommit) => {
    const now = Date.now();
    if (!(await queue.complete(tx, job))) return;
    await finishRun(tx, run.id, { prompt: turn.prompt, model: turn.model, reply, usage, outputText, summary }, now);
    if (run.kind === 'heartbeat') {
      await markLinesRead(tx, run.id, now);
      if (await anotherBeatIsDue(tx, run.createdAt)) await queue.enqueue(tx, wakeJob(now), afterCommit);
    } else {
      await tellMain(runtime, tx, run, `${run.name}: ${summary}`, now, afterCommit);
    }
    if (!run.action.deliver) return;
    const worthSending =
      run.kind === 'heartbeat'
        ? withoutAck(outputText, settings.config.agents.defaults.heartbeat.ackMaxChars)
        : withoutAck(outputText, 0) && outputText;
    const text = worthSending === outputText ? null : worthSending;
    const target = worthSending
      ? route(run.action, {
          lastOfMain: await lastRouteOfMain(tx),
          owner: settings.config.channels.owner,
          configured: new Set(settings.channels.keys()),
        })
      : { skipped: outputText.trim() === '' ? 'the reply is empty' : 'the reply only acknowledges' };
    const delivery = { id: uuid(), runId: run.id, sessionKey: run.sessionKey, createdAt: now };
    if ('skipped' in target) {
      const { channel, to = null } = run.action;
      await insertDelivery(tx, { ...delivery, channel, to, text: null, status: 'skipped', error: target.skipped });
    } else {
      const { channel, to = null } = target;
      await insertDelivery(tx, { ...delivery, channel, to, text, status: 'pending', error: null });
      await queue.enqueue(tx, deliverJob(delivery.id, channel, to, now), afterCommit);
    }
  });
}

export async function failRun(
  runtime: Runtime,
  job: Job,
  run: Run,
  failure: { prompt: string | undefined; model: string; error: TurnError },
): Promise<void> {
  const { store, queue } = runtime;
  const { prompt, model, error } = failure;
  const summary = oneLine(`failed (${error.code}): ${error.message}`, 300);
  await store.write(async (tx, afterCommit) => {
    const now = Date.now();
    // Out of attempts is dead, and stays to be seen; what cannot succeed by trying again is simply over.
    const outOfAttempts = job.attempt >= maxAttempts;
    const mine = outOfAttempts ? await queue.bury(tx, job, error.message) : await queue.complete(tx, job);
    if (!mine) return;
    await finishRun(tx, run.id, { prompt, model, summary, error: error.message, errorCode: error.code }, now);
    if (run.kind === 'heartbeat') await releaseLines(tx, run.id);
    else await tellMain(runtime, tx, run, `${run.name} ${summary}`, now, afterCommit);
  });
}

/** Another attempt later. The run is pending meanwhile, and shows the error of the last one. */
export async function retryRun(
  { store, queue }: Runtime,
  job: Job,
  run: Run,
  { prompt, error }: { prompt: string | undefined; error: TurnError },
): Promise<void> {
  await store.write(async (tx) => {
    const runAt = Date.now() + backoffMs(job.attempt, error.retryAfterMs);
    if (!(await queue.retry(tx, job, { runAt, error: error.message }))) return;
    await reopenRun(tx, run.id, { prompt, error: error.message, errorCode: error.code });
  });
}

/** A stopping gateway gives its work back unfinished; the next start takes it up at once. */
export async function handBackRun({ store, queue, log }: Runtime, job: Job, run: Run): Promise<void> {
  await store.write(async (tx) => {
    if (!(await queue.retry(tx, job, { runAt: Date.now(), error: null }))) return;
    await reopenRun(tx, run.id, null);
  });
  log.info({ runId: run.id, eventId: run.eventId, hook: run.hook }, 'run handed back unfinished');
}

/** One line for main, and main is woken if the run's action says so. */
async function tellMain(
  { queue }: Runtime,
  tx: Executor,
  run: Run,
  text: string,
  now: number,
  afterCommit: AfterCommit,
): Promise<void> {
  if (run.policy.updateMainSession === 'blocked') return;
  const mode = run.action.wakeMode;
  await insertSystemEvent(tx, { eventId: run.eventId, source: `run ${run.id}`, text, mode, createdAt: now });
  if (mode === 'now') await queue.enqueue(tx, wakeJob(now), afterCommit);
}
