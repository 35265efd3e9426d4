import type { Reply } from '../../agent/agent.ts';
import type { TurnError } from '../../domain/errors.ts';
import { backoffMs, countedAttempt, maxAttempts } from '../../domain/job.ts';
import { oneLine, summaryOf } from '../../domain/run.ts';
import { finishRun, isCancelled, reopenRun } from '../../store/queries/runs.ts';
import { recordTurn } from '../../store/queries/sessions.ts';
import { recordSpending } from '../../store/queries/spending.ts';
import { insertToolCalls } from '../../store/queries/tool-calls.ts';
import type { Attempt } from '../attempt/attempt.ts';
import { holdAt, openGates, shutGate } from '../gates.ts';
import { needsOf, retryForMs } from '../jobs/enter.ts';
import { afterRun } from './after-run.ts';
import { endBeat, giveUpBeat, onlyAcknowledges } from './end-beat.ts';
import { endCancelled } from './end-cancelled.ts';
import type { Ending } from './ending.ts';
import { recordPings, recordReply } from './record-deliveries.ts';

// The finishing transactions: everything that follows from a turn is written with its end, or not at all. Each begins by giving
// up the job, and writes nothing where another worker has taken it over.

/** Opens the transaction in which the run of an attempt ends, or is put back. */
function endingOf<T>({ runtime, run }: Attempt, write: (ending: Ending) => Promise<T>): Promise<T> {
  const { store, queue, clock } = runtime;
  return store.write((tx) => write({ tx, queue, now: clock.now(), run, newId: store.newId }));
}

/** The turn was taken: the run ends with its reply. */
export async function completeRun(attempt: Attempt, reply: Reply): Promise<void> {
  const { runtime, job, run, trace } = attempt;
  const { text: outputText, model } = reply;
  const summary = summaryOf(outputText);
  const acknowledged = onlyAcknowledges(runtime, run, outputText);
  await endingOf(attempt, async (ending) => {
    const { tx, queue, now } = ending;
    if (!(await queue.complete(tx, job))) return;
    await settleGates(attempt, ending);
    await recordWork(attempt, ending);
    const known = { prompt: trace.prompt, model, spending: trace.account.ofRun() };
    // The wish to cancel it came too late to break the turn off, and counts all the same.
    if (await isCancelled(tx, run.id)) return endCancelled(ending, known);
    const said = { reply: reply.reply, outputText, summary, warning: warningOf(attempt), acknowledged };
    await finishRun(tx, run.id, { ...known, ...said }, now);
    if (!acknowledged) await recordTurn(tx, run.sessionKey, now);
    let isLastWord = false;
    if (run.kind === 'heartbeat') await endBeat(runtime, ending);
    else isLastWord = await afterRun(ending, { outcome: `${run.name}: ${summary}`, reported: trace.reported });
    await recordPings(runtime, ending, trace.reported.pings);
    if (run.action.deliver || isLastWord) await recordReply(runtime, ending, outputText);
  });
}

/** The run ends in error. */
export async function failRun(attempt: Attempt, error: TurnError): Promise<'failed'> {
  await endingOf(attempt, async (ending) => {
    if (await endFailed(attempt, ending, error)) await settleGates(attempt, ending, error);
  });
  return 'failed';
}

/** False where another worker has taken the job over. */
async function endFailed(attempt: Attempt, ending: Ending, error: TurnError): Promise<boolean> {
  const { runtime, job, run, trace } = attempt;
  const { tx, queue, now } = ending;
  // Out of attempts is dead, and stays to be retried by hand; what cannot succeed by trying again is simply over, and a
  // heartbeat's lines go to the next one.
  const outOfAttempts = countedAttempt(job) >= maxAttempts && run.kind === 'hook';
  const mine = outOfAttempts ? await queue.bury(tx, job, error.recorded) : await queue.complete(tx, job);
  if (!mine) return false;
  await recordWork(attempt, ending);
  const known = { prompt: trace.prompt, model: trace.model, spending: trace.account.ofRun() };
  if (await isCancelled(tx, run.id)) {
    await endCancelled(ending, known);
    return true;
  }
  const summary = oneLine(`failed (${error.code}): ${error.message}`, 300);
  const why = { warning: warningOf(attempt), error: error.recorded, errorCode: error.code };
  await finishRun(tx, run.id, { ...known, summary, ...why }, now);
  if (run.kind === 'heartbeat') await giveUpBeat(runtime, ending, error);
  else await afterRun(ending, { outcome: `${run.name} ${summary}`, reported: trace.reported });
  await recordPings(runtime, ending, trace.reported.pings);
  return true;
}

function warningOf({ trace, settings }: Attempt): string | null {
  return trace.warnings.length === 0 ? null : trace.warnings.map(settings.mask).join('; ');
}

/** What the attempt has done is on record however it ended: what it has spent, and the tools that it has called. */
async function recordWork({ run, trace }: Attempt, { tx, now }: Ending): Promise<void> {
  await recordSpending(tx, run, trace.account.ofAttempt(), now);
  await insertToolCalls(tx, run.id, trace.calls);
}

/** What the attempt has learnt of providers and servers. */
async function settleGates(
  { runtime, job, run, trace }: Attempt,
  ending: Ending,
  error?: TurnError,
): Promise<{ counted: boolean }> {
  const { well, troubles, account } = trace;
  const keys = new Set([...well, ...account.answered()]);
  const failed = new Set([...troubles, ...(error?.gate === undefined ? [] : [error])]);
  let counted = false;
  for (const trouble of failed) {
    keys.delete(trouble.gate ?? '');
    const shut = await shutGate(ending.tx, trouble, job, ending.now);
    if (trouble === error) counted = shut.counted;
  }
  const standInFor = () => {
    const [own = '', ...others] = needsOf(runtime.current(), run).anyOf;
    return !error && !keys.has(own) && others.some((other) => keys.has(other)) ? own : undefined;
  };
  await openGates(ending, keys, standInFor);
  return { counted };
}

/**
 * It waits at the gate of what has failed, without an attempt of its own being counted; but for a run that fails while others are
 * answered, whose attempts come to an end, and one that has waited as long as it may.
 */
export async function holdRun(attempt: Attempt, error: TurnError): Promise<'failed' | 'waits'> {
  const { runtime, job, run } = attempt;
  return endingOf(attempt, async (ending) => {
    const { tx, queue, now } = ending;
    const { counted } = await settleGates(attempt, ending, error);
    const gate = { key: error.gate ?? '', trouble: error.trouble };
    const place = holdAt(gate, job, retryForMs(runtime.current().config, run), now);
    const isLate = place.giveUpAt !== null && place.giveUpAt <= now;
    if (isLate || (counted && countedAttempt(job) >= maxAttempts)) {
      await endFailed(attempt, ending, error);
      return 'failed';
    }
    const again = { runAt: now, error: error.recorded };
    // One that is cancelled ends when it is taken up again.
    const held = (await isCancelled(tx, run.id))
      ? await queue.retry(tx, job, again)
      : await queue.hold(tx, job, { ...place, ...again, attempt: counted ? 'counted' : 'uncounted' });
    if (held) await reopenFailed(attempt, ending, error);
    return 'waits';
  });
}

/** Another attempt of its own, later. */
export async function postponeRun(attempt: Attempt, error: TurnError): Promise<'waits'> {
  const { job } = attempt;
  await endingOf(attempt, async (ending) => {
    const { tx, queue, now, run } = ending;
    // One that is cancelled ends when it is taken up again.
    const runAt = (await isCancelled(tx, run.id)) ? now : now + backoffMs(countedAttempt(job), error.retryAfterMs);
    if (await queue.retry(tx, job, { runAt, error: error.recorded })) await reopenFailed(attempt, ending, error);
  });
  return 'waits';
}

/** The run is pending meanwhile, and shows the error of its last attempt. */
async function reopenFailed(attempt: Attempt, ending: Ending, error: TurnError): Promise<void> {
  const { prompt, account } = attempt.trace;
  const why = { prompt, error: error.recorded, errorCode: error.code };
  await reopenRun(ending.tx, ending.run.id, why, account.ofRun());
  await recordWork(attempt, ending);
}

/** A stopping gateway gives its work back unfinished; the next start takes it up at once. A stop is no failed attempt. */
export async function handBackRun(attempt: Attempt): Promise<void> {
  const { runtime, job, run, trace } = attempt;
  await endingOf(attempt, async (ending) => {
    const { tx, queue, now } = ending;
    if (!(await queue.retry(tx, job, { runAt: now, error: null, counted: false }))) return;
    await reopenRun(tx, run.id, null, trace.account.ofRun());
    await recordWork(attempt, ending);
  });
  runtime.log.info({ runId: run.id, eventId: run.eventId, hook: run.hook }, 'run handed back unfinished');
}
