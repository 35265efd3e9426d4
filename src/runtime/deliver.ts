import { messageOf } from '../domain/errors.ts';
import { backoffMs, type Job, maxAttempts } from '../domain/job.ts';
import { withSaid } from '../domain/said.ts';
import type { Executor } from '../store/database.ts';
import { type Delivery, findDelivery, updateDelivery } from '../store/queries/deliveries.ts';
import { findRun } from '../store/queries/runs.ts';
import type { Runtime } from './runtime.ts';
import { untilStored } from './until-stored.ts';
import type { Handler } from './worker.ts';

/** Jobs of kind `deliver`: one reply through its channel. What happens to it never changes its run. */
export function deliverHandler(runtime: Runtime): Handler {
  const { queue } = runtime;
  return {
    limit: () => 4,
    async begin(tx, job) {
      const delivery = await findDelivery(tx, job.ref);
      const text = delivery?.text ?? (delivery && (await findRun(tx, delivery.runId))?.outputText);
      if (delivery?.status !== 'pending' || !text) {
        await queue.complete(tx, job);
        return null;
      }
      await updateDelivery(tx, delivery.id, { attempts: job.attempt });
      return (stopping) => deliver(runtime, job, delivery, text, stopping);
    },
  };
}

class ChannelGone extends Error {}

/** What a channel throws are the words of its messenger. */
function failureOf(error: unknown, channel: string): { message: string; said?: string } {
  if (error instanceof ChannelGone) return { message: error.message };
  return { message: `the channel ${channel} could not send it`, said: messageOf(error) };
}

async function deliver(
  { store, queue, clock, current, log, onDelivery }: Runtime,
  job: Job,
  delivery: Delivery,
  text: string,
  stopping: AbortSignal,
): Promise<void> {
  const { id, runId, channel: name, to } = delivery;
  const { channels, mask } = current();
  let failure: string | undefined;
  try {
    const channel = channels.get(name);
    if (!channel) throw new ChannelGone(`channel ${name} is no longer configured`);
    await channel.send({ to: to ?? undefined, text, runId });
  } catch (error) {
    const { message, said } = failureOf(error, name);
    failure = mask(withSaid(message, said));
    const more = said === undefined ? '' : `; \`gimli runs show ${runId}\` has what it said`;
    log.warn({ runId, deliveryId: id, channel: name, attempt: job.attempt }, `delivery failed: ${message}${more}`);
  }
  const record = async () => {
    const ended = await store.write((tx) => recordAttempt(queue, tx, { job, failure }, clock.now()));
    if (ended) onDelivery(ended);
  };
  await untilStored(record, stopping, log);
}

/** Records what came of an attempt. Resolves to what became of the delivery; undefined where that is open, or another has it. */
async function recordAttempt(
  queue: Runtime['queue'],
  tx: Executor,
  { job, failure }: { readonly job: Job; readonly failure: string | undefined },
  now: number,
): Promise<'sent' | 'failed' | undefined> {
  const id = job.ref;
  if (failure === undefined) {
    if (!(await queue.complete(tx, job))) return undefined;
    await updateDelivery(tx, id, { status: 'sent', error: null, completedAt: now });
    return 'sent';
  }
  if (job.attempt < maxAttempts) {
    const again = await queue.retry(tx, job, { runAt: now + backoffMs(job.attempt), error: failure });
    if (again) await updateDelivery(tx, id, { error: failure });
    return undefined;
  }
  if (!(await queue.bury(tx, job, failure))) return undefined;
  await updateDelivery(tx, id, { status: 'failed', error: failure, completedAt: now });
  return 'failed';
}
