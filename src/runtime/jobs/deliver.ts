import { DeliveryError } from '../../channels/delivery-error.ts';
import { backoffMs, type Job, maxAttempts } from '../../domain/job.ts';
import { withSaid } from '../../domain/text/said.ts';
import { type Delivery, findDelivery, updateDelivery } from '../../store/queries/deliveries.ts';
import { findRun } from '../../store/queries/runs.ts';
import { untilStored } from '../ending/until-stored.ts';
import type { Runtime } from '../runtime.ts';
import type { Handler } from '../worker.ts';
import { type SendOutcome, sendOnce } from './send-once.ts';

/** So long may one attempt take, in ms. A messenger that has not answered by then is tried again, and its place is free for others. */
const sendMs = 30_000;
/** No messenger is waited for longer, however long it asks to wait, in ms: 1 h. */
const longestRetryAfterMs = 3_600_000;
/** characters of a messenger's own id that are kept */
const longestMessageId = 500;

interface Delivering extends Pick<Runtime, 'store' | 'queue' | 'clock' | 'log' | 'onDelivery'> {
  readonly current: () => Pick<ReturnType<Runtime['current']>, 'channels' | 'mask'>;
}

/**
 * Jobs of kind `deliver`: one reply through its channel. What happens to it never changes its run.
 * @param deadlineMs how long one attempt may take
 */
export function deliverHandler(runtime: Delivering, deadlineMs = sendMs): Handler {
  const { queue } = runtime;
  return {
    limit: () => 4,
    async begin(tx, job) {
      const found = await findDelivery(tx, job.ref);
      const text = found?.text ?? (found && (await findRun(tx, found.runId))?.outputText);
      if (found?.status !== 'pending' || !text) {
        await queue.complete(tx, job);
        return null;
      }
      // Each attempt that ends leaves its error. One that left none was cut off, and nobody knows how far it came.
      const isCutOff = found.attempts > 0 && found.error === null;
      const begun = {
        attempts: found.attempts + 1,
        error: null,
        maybeTwice: isCutOff || found.maybeTwice === 1 ? 1 : 0,
      };
      await updateDelivery(tx, found.id, begun);
      return (stopping) => deliver(runtime, { job, delivery: { ...found, ...begun }, text, deadlineMs }, stopping);
    },
  };
}

interface Attempt {
  readonly job: Job;
  readonly delivery: Delivery;
  readonly text: string;
  readonly deadlineMs: number;
}

async function deliver(runtime: Delivering, attempt: Attempt, stopping: AbortSignal): Promise<void> {
  const { store, log, onDelivery } = runtime;
  const outcome = await outcomeOf(runtime, attempt, stopping);
  const { id: deliveryId, runId, channel, attempts } = attempt.delivery;
  const about = { runId, deliveryId, channel, attempt: attempts };
  if (outcome === undefined) log.info(about, 'delivery cut off by the stop: it is tried again after the next start');
  else if ('failed' in outcome) {
    const { message, said } = outcome.failed;
    const more = said === undefined ? '' : `; \`gimli runs show ${runId}\` has what it said`;
    log.warn(about, `delivery failed: ${message}${more}`);
  }
  await untilStored(
    async () => {
      const ended = await store.write((tx) => record(runtime, tx, attempt, outcome));
      if (ended) onDelivery(ended);
    },
    stopping,
    log,
  );
}

function outcomeOf(
  { current }: Delivering,
  { delivery, text, deadlineMs }: Attempt,
  stopping: AbortSignal,
): Promise<SendOutcome> | SendOutcome {
  const { id: deliveryId, runId, channel: name, to, attempts: attempt } = delivery;
  const channel = current().channels.get(name);
  if (!channel) {
    return { failed: new DeliveryError(`channel ${name} is no longer configured`, { retryable: true }) };
  }
  const message = { to: to ?? undefined, text, runId };
  return sendOnce({ name, channel, deadlineMs, deliveryId, attempt }, message, stopping);
}

/** Records what came of an attempt. Resolves to what became of the delivery; undefined where that is open, or another has it. */
async function record(
  { queue, clock, current }: Delivering,
  tx: Parameters<Handler['begin']>[0],
  { job, delivery: { id, maybeTwice } }: Attempt,
  outcome: SendOutcome,
): Promise<'sent' | 'failed' | undefined> {
  const now = clock.now();
  if (outcome === undefined) {
    // Its row stays as it is, so that the next attempt sees that this one was cut off. A stop is no failed attempt.
    await queue.retry(tx, job, { runAt: now, error: null, counted: false });
    return undefined;
  }
  if ('sent' in outcome) {
    if (!(await queue.complete(tx, job))) return undefined;
    const { sent } = outcome;
    await updateDelivery(tx, id, {
      status: 'sent',
      error: null,
      completedAt: now,
      messageId: sent.messageId?.slice(0, longestMessageId) || null,
      maybeTwice: sent.maybeTwice === undefined ? maybeTwice : Number(sent.maybeTwice),
    });
    return 'sent';
  }
  const { message, said, retryable, retryAfterMs, mayHaveCome } = outcome.failed;
  const failure = { error: current().mask(withSaid(message, said)), maybeTwice: mayHaveCome ? 1 : maybeTwice };
  if (retryable && job.attempt < maxAttempts) {
    const runAt = now + Math.max(backoffMs(job.attempt), Math.min(retryAfterMs, longestRetryAfterMs));
    if (await queue.retry(tx, job, { runAt, error: failure.error })) await updateDelivery(tx, id, failure);
    return undefined;
  }
  if (!(await queue.bury(tx, job, failure.error))) return undefined;
  await updateDelivery(tx, id, { ...failure, status: 'failed', completedAt: now });
  return 'failed';
}
