import type { Reply } from '../agent/agent.ts';
import type { TurnError } from '../domain/errors.ts';
import { backoffMs, countedAttempt, type Job, maxAttempts } from '../domain/job.ts';
import { oneLine, type Run, summaryOf } from '../domain/run.ts';
import type { Executor } from '../store/database.ts';
import { finishRun, isCancelled, reopenRun } from '../store/queries/runs.ts';
import { recordTurn } from '../store/queries/sessions.ts';
import { recordSpending } from '../store/queries/spending.ts';
import { insertToolCalls } from '../store/queries/tool-calls.ts';
import { afterRun } from './after-run.ts';
import { endCancelled } from './cancel.ts';
import { endBeat, giveUpBeat, onlyAcknowledges } from './end-beat.ts';
import { needsOf, retryForMs } from './enter.ts';
import { holdAt, openGates, shutGate } from './gates.ts';
import { recordPings, recordReply } from './record-deliveries.ts';
import type { Runtime } from './runtime.ts';
import type { Trace } from './turn.ts';

// The finishing transactions: everything that follows from a turn is written with its end, or not at all. Each begins by giving
// up the job, and writes nothing where another worker has taken it over.

type Failure = Trace & { readonly error: TurnError };

export async function completeRun(
  runtime: Runtime,
  job: Job,
  run: Run,
  turn: Trace & { readonly reply: Reply },
): Promise<void> {
  const { store, queue, clock } = runtime;
  const { text: outputText, reply, model } = turn.reply;
  const { prompt, account } = turn;
  const warning = warningOf(turn.warnings);
  const summary = summaryOf(outputText);
  const acknowledged = onlyAcknowledges(runtime, run, outputText);
  await store.write(async (tx) => {
    const now = clock.now();
    if (!(await queue.complete(tx, job))) return;
    await settleGates(runtime, tx, job, run, turn, now);
    await recordSpending(tx, run, account.ofAttempt(), now);
    await insertToolCalls(tx, run.id, turn.calls);
    const known = { prompt, model, spending: account.ofRun() };
    // The wish to cancel it came too late to break the turn off, and counts all the same.
    if (await isCancelled(tx, run.id)) return endCancelled(runtime, tx, run, known, now);
    await finishRun(tx, run.id, { ...known, reply, outputText, summary, warning, acknowledged }, now);
    if (!acknowledged) await recordTurn(tx, run.sessionKey, now);
    let isLastWord = false;
    if (run.kind === 'heartbeat') await endBeat(runtime, tx, run, now);
    else {
      const end = { outcome: `${run.name}: ${summary}`, said: turn.said };
      isLastWord = await afterRun(runtime, tx, run, end, now);
    }
    await recordPings(runtime, tx, run, turn.said.pings, now);
    if (run.action.deliver || isLastWord) await recordReply(runtime, tx, run, outputText, now);
  });
}

export async function failRun(runtime: Runtime, job: Job, run: Run, failure: Failure): Promise<'failed'> {
  const { store, clock } = runtime;
  await store.write(async (tx) => {
    const now = clock.now();
    if (await endFailed(runtime, tx, job, run, failure, now)) await settleGates(runtime, tx, job, run, failure, now);
  });
  return 'failed';
}

/** False where another worker has taken the job over. */
async function endFailed(
  runtime: Runtime,
  tx: Executor,
  job: Job,
  run: Run,
  failure: Failure,
  now: number,
): Promise<boolean> {
  const { queue } = runtime;
  const { prompt, model, error, said, account } = failure;
  const warning = warningOf(failure.warnings);
  const summary = oneLine(`failed (${error.code}): ${error.message}`, 300);
  // Out of attempts is dead, and stays to be retried by hand; what cannot succeed by trying again is simply over, and a
  // heartbeat's lines go to the next one.
  const outOfAttempts = countedAttempt(job) >= maxAttempts && run.kind === 'hook';
  const mine = outOfAttempts ? await queue.bury(tx, job, error.recorded) : await queue.complete(tx, job);
  if (!mine) return false;
  await recordSpending(tx, run, account.ofAttempt(), now);
  await insertToolCalls(tx, run.id, failure.calls);
  const known = { prompt, model, spending: account.ofRun() };
  if (await isCancelled(tx, run.id)) {
    await endCancelled(runtime, tx, run, known, now);
    return true;
  }
  const why = { error: error.recorded, errorCode: error.code };
  await finishRun(tx, run.id, { ...known, summary, warning, ...why }, now);
  if (run.kind === 'heartbeat') await giveUpBeat(runtime, tx, run, error, now);
  else await afterRun(runtime, tx, run, { outcome: `${run.name} ${summary}`, said }, now);
  await recordPings(runtime, tx, run, said.pings, now);
  return true;
}

const warningOf = (warnings: readonly string[]) => (warnings.length === 0 ? null : warnings.join('; '));

/** What the attempt has learnt of providers and servers. */
async function settleGates(
  { queue, current }: Runtime,
  tx: Executor,
  job: Job,
  run: Run,
  { well, troubles, account, error }: Trace & { readonly error?: TurnError },
  now: number,
): Promise<{ counted: boolean }> {
  const keys = new Set([...well, ...account.answered()]);
  const failed = new Set([...troubles, ...(error?.gate === undefined ? [] : [error])]);
  let counted = false;
  for (const trouble of failed) {
    keys.delete(trouble.gate ?? '');
    const shut = await shutGate(tx, trouble, job, now);
    if (trouble === error) counted = shut.counted;
  }
  const standInFor = () => {
    const [own = '', ...others] = needsOf(current(), run).anyOf;
    return !error && !keys.has(own) && others.some((other) => keys.has(other)) ? own : undefined;
  };
  await openGates(tx, queue, keys, now, standInFor);
  return { counted };
}

/**
 * It waits at the gate of what has failed, without an attempt of its own being counted; but for a run that fails while others are
 * answered, whose attempts come to an end, and one that has waited as long as it may.
 */
export async function holdRun(runtime: Runtime, job: Job, run: Run, failure: Failure): Promise<'failed' | 'waits'> {
  const { store, queue, clock, current } = runtime;
  const { error } = failure;
  return store.write(async (tx) => {
    const now = clock.now();
    const { counted } = await settleGates(runtime, tx, job, run, failure, now);
    const gate = { key: error.gate ?? '', trouble: error.trouble };
    const place = holdAt(gate, job, retryForMs(current().config, run), now);
    const isLate = place.giveUpAt !== null && place.giveUpAt <= now;
    if (isLate || (counted && countedAttempt(job) >= maxAttempts)) {
      await endFailed(runtime, tx, job, run, failure, now);
      return 'failed';
    }
    // One that is cancelled ends when it is taken up again.
    const held = (await isCancelled(tx, run.id))
      ? await queue.retry(tx, job, { runAt: now, error: error.recorded })
      : await queue.hold(tx, job, {
          ...place,
          runAt: now,
          error: error.recorded,
          attempt: counted ? 'counted' : 'uncounted',
        });
    if (held) await reopenFailed(tx, run, failure, now);
    return 'waits';
  });
}

/** Another attempt of its own, later. */
export async function postponeRun(
  { store, queue, clock }: Runtime,
  job: Job,
  run: Run,
  failure: Failure,
): Promise<'waits'> {
  const { error } = failure;
  await store.write(async (tx) => {
    const now = clock.now();
    // One that is cancelled ends when it is taken up again.
    const runAt = (await isCancelled(tx, run.id)) ? now : now + backoffMs(countedAttempt(job), error.retryAfterMs);
    if (await queue.retry(tx, job, { runAt, error: error.recorded })) await reopenFailed(tx, run, failure, now);
  });
  return 'waits';
}

/** The run is pending meanwhile, and shows the error of its last attempt. */
async function reopenFailed(tx: Executor, run: Run, failure: Failure, now: number): Promise<void> {
  const { prompt, error, calls, account } = failure;
  await reopenRun(tx, run.id, { prompt, error: error.recorded, errorCode: error.code }, account.ofRun());
  await recordSpending(tx, run, account.ofAttempt(), now);
  await insertToolCalls(tx, run.id, calls);
}

/** A stopping gateway gives its work back unfinished; the next start takes it up at once. A stop is no failed attempt. */
export async function handBackRun(
  { store, queue, clock, log }: Runtime,
  job: Job,
  run: Run,
  { calls, account }: Trace,
): Promise<void> {
  await store.write(async (tx) => {
    const now = clock.now();
    if (!(await queue.retry(tx, job, { runAt: now, error: null, counted: false }))) return;
    await reopenRun(tx, run.id, null, account.ofRun());
    await recordSpending(tx, run, account.ofAttempt(), now);
    await insertToolCalls(tx, run.id, calls);
  });
  log.info({ runId: run.id, eventId: run.eventId, hook: run.hook }, 'run handed back unfinished');
}
