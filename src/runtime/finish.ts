import type { Reply } from '../agent/agent.ts';
import type { TurnError } from '../domain/errors.ts';
import { backoffMs, type Job, maxAttempts } from '../domain/job.ts';
import { oneLine, type Run, summaryOf } from '../domain/run.ts';
import { wakeJob } from '../queue/jobs.ts';
import type { Executor } from '../store/database.ts';
import { anotherBeatIsDue, insertSystemEvent, linesOfBeat, markLinesRead, releaseLines } from '../store/inbox.ts';
import { finishRun, isCancelled, reopenRun } from '../store/runs.ts';
import { recordTurn } from '../store/sessions.ts';
import { recordSpending } from '../store/spending.ts';
import { insertToolCalls } from '../store/tool-calls.ts';
import { afterRun } from './after-run.ts';
import { endCancelled } from './cancel.ts';
import { recordPings, recordReply } from './record-deliveries.ts';
import type { Runtime } from './runtime.ts';
import type { Trace } from './turn.ts';

/**
 * The finishing transactions: everything that follows from a turn is written with its end, or not at all. Each begins by
 * giving up the job, and writes nothing where another worker has taken it over.
 */
export async function completeRun(
  runtime: Runtime,
  job: Job,
  run: Run,
  turn: Trace & { readonly reply: Reply },
): Promise<void> {
  const { store, queue } = runtime;
  const { text: outputText, reply, model } = turn.reply;
  const { prompt, account } = turn;
  const warning = warningOf(turn.warnings);
  const summary = summaryOf(outputText);
  await store.write(async (tx) => {
    const now = Date.now();
    if (!(await queue.complete(tx, job))) return;
    await recordSpending(tx, run, account.ofAttempt(), now);
    await insertToolCalls(tx, run.id, turn.calls);
    const known = { prompt, model, spending: account.ofRun() };
    // The wish to cancel it came too late to break the turn off, and counts all the same.
    if (await isCancelled(tx, run.id)) return endCancelled(runtime, tx, run, known, now);
    await finishRun(tx, run.id, { ...known, reply, outputText, summary, warning }, now);
    await recordTurn(tx, run.sessionKey, now);
    let isLastWord = false;
    if (run.kind === 'heartbeat') {
      await markLinesRead(tx, run.id, now);
      if (await anotherBeatIsDue(tx, run.createdAt)) await queue.enqueue(tx, wakeJob(now));
    } else {
      const end = { outcome: `${run.name}: ${summary}`, said: turn.said };
      isLastWord = await afterRun(runtime, tx, run, end, now);
    }
    await recordPings(runtime, tx, run, turn.said.pings, now);
    if (run.action.deliver || isLastWord) await recordReply(runtime, tx, run, outputText, now);
  });
}

export async function failRun(
  runtime: Runtime,
  job: Job,
  run: Run,
  failure: Trace & { readonly error: TurnError },
): Promise<void> {
  const { store, queue } = runtime;
  const { prompt, model, error, said, account } = failure;
  const warning = warningOf(failure.warnings);
  const summary = oneLine(`failed (${error.code}): ${error.message}`, 300);
  await store.write(async (tx) => {
    const now = Date.now();
    // Out of attempts is dead, and stays to be retried by hand; what cannot succeed by trying again is simply over, and a
    // heartbeat's lines go to the next one.
    const outOfAttempts = job.attempt >= maxAttempts && run.kind === 'hook';
    const mine = outOfAttempts ? await queue.bury(tx, job, error.message) : await queue.complete(tx, job);
    if (!mine) return;
    await recordSpending(tx, run, account.ofAttempt(), now);
    await insertToolCalls(tx, run.id, failure.calls);
    const known = { prompt, model, spending: account.ofRun() };
    if (await isCancelled(tx, run.id)) return endCancelled(runtime, tx, run, known, now);
    const why = { error: error.message, errorCode: error.code };
    await finishRun(tx, run.id, { ...known, summary, warning, ...why }, now);
    if (run.kind === 'heartbeat') await giveUpBeat(runtime, tx, run, error, now);
    else await afterRun(runtime, tx, run, { outcome: `${run.name} ${summary}`, said }, now);
    await recordPings(runtime, tx, run, said.pings, now);
  });
}

const warningOf = (warnings: readonly string[]) => (warnings.length === 0 ? null : warnings.join('; '));

/** What the model may refuse because of what stands in a line, not because of what the provider can do at the moment. */
const aboutLines: ReadonlySet<TurnError['code']> = new Set(['refusal', 'truncated']);

/**
 * The lines of a failed heartbeat wait for the next. Where one of them may be the reason, the next follows at once with fewer,
 * until that line is alone: then it counts as read, and main is told, so that it does not keep the others from being read.
 */
async function giveUpBeat(
  { queue, log }: Runtime,
  tx: Executor,
  run: Run,
  error: TurnError,
  now: number,
): Promise<void> {
  const suspect = aboutLines.has(error.code);
  const [line, ...others] = suspect ? await linesOfBeat(tx, run.id) : [];
  if (line && others.length === 0) {
    log.warn({ runId: run.id, code: error.code }, 'a line of the inbox is given up: the model does not answer it');
    await markLinesRead(tx, run.id, now);
    const text = `A line from ${line.source} could not be read (${error.code}). It is kept in run ${run.id}.`;
    await insertSystemEvent(tx, { eventId: line.eventId, source: 'heartbeat', text, mode: line.mode, createdAt: now });
  } else {
    await releaseLines(tx, run.id, suspect);
  }
  if (line) await queue.enqueue(tx, wakeJob(now));
}

/** Another attempt later. The run is pending meanwhile, and shows the error of the last one. */
export async function retryRun(
  { store, queue }: Runtime,
  job: Job,
  run: Run,
  { prompt, error, calls, account }: Trace & { readonly error: TurnError },
): Promise<void> {
  await store.write(async (tx) => {
    const now = Date.now();
    // One that is cancelled ends when it is taken up again.
    const runAt = (await isCancelled(tx, run.id)) ? now : now + backoffMs(job.attempt, error.retryAfterMs);
    if (!(await queue.retry(tx, job, { runAt, error: error.message }))) return;
    await reopenRun(tx, run.id, { prompt, error: error.message, errorCode: error.code }, account.ofRun());
    await recordSpending(tx, run, account.ofAttempt(), now);
    await insertToolCalls(tx, run.id, calls);
  });
}

/** A stopping gateway gives its work back unfinished; the next start takes it up at once. A stop is no failed attempt. */
export async function handBackRun(
  { store, queue, log }: Runtime,
  job: Job,
  run: Run,
  { calls, account }: Trace,
): Promise<void> {
  await store.write(async (tx) => {
    const now = Date.now();
    if (!(await queue.retry(tx, job, { runAt: now, error: null, counted: false }))) return;
    await reopenRun(tx, run.id, null, account.ofRun());
    await recordSpending(tx, run, account.ofAttempt(), now);
    await insertToolCalls(tx, run.id, calls);
  });
  log.info({ runId: run.id, eventId: run.eventId, hook: run.hook }, 'run handed back unfinished');
}
