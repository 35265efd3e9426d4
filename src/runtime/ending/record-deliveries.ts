import { type Route, route } from '../../channels/route.ts';
import { isMeant, notMeant } from '../../domain/delivery.ts';
import { withoutAck } from '../../domain/heartbeat.ts';
import { deliverJob } from '../../queue/jobs.ts';
import type { Executor } from '../../store/database.ts';
import { type Delivery, insertDelivery, lastRouteOfMain } from '../../store/queries/deliveries.ts';
import type { Runtime } from '../runtime.ts';
import type { Ending } from './ending.ts';

/** Records where the reply goes, or why it goes nowhere, and leaves the sending to a job. */
export async function recordReply(runtime: Runtime, ending: Ending, outputText: string): Promise<void> {
  const { tx, run } = ending;
  const { channel, to } = run.action;
  const worthSending =
    run.kind === 'heartbeat'
      ? withoutAck(outputText, runtime.current().config.agents.defaults.heartbeat.ackMaxChars)
      : withoutAck(outputText, 0) && outputText;
  const text = worthSending === outputText ? null : worthSending;
  const target = worthSending
    ? await settle(runtime, tx, { channel, to })
    : { skipped: notMeant[outputText.trim() === '' ? 0 : 1] };
  await record(runtime, ending, { kind: 'reply', text, wanted: { channel, to }, target });
}

/** Records the messages of a run to the owner: they go where main's go, whatever route the run has for its reply. */
export async function recordPings(runtime: Runtime, ending: Ending, pings: readonly string[]): Promise<void> {
  if (pings.length === 0) return;
  const wanted = { channel: 'last' };
  const target = await settle(runtime, ending.tx, wanted);
  for (const text of pings) await record(runtime, ending, { kind: 'ping', text, wanted, target });
}

type Target = ReturnType<typeof route>;

/** Where something would go now, or why nowhere. */
export async function settle(
  { current }: { readonly current: () => Pick<ReturnType<Runtime['current']>, 'config' | 'channels'> },
  db: Executor,
  wanted: Route,
): Promise<Target> {
  const { config, channels } = current();
  const lastOfMain = await lastRouteOfMain(db);
  return route(wanted, { lastOfMain, owner: config.channels.owner, channels });
}

async function record(
  { log, onDelivery }: Runtime,
  { tx, queue, now, run, newId }: Ending,
  { kind, text, wanted, target }: Pick<Delivery, 'kind' | 'text'> & { wanted: Route; target: Target },
): Promise<void> {
  const { id: runId, sessionKey } = run;
  const delivery = { id: newId(), runId, kind, sessionKey, text, createdAt: now };
  const { channel, to = null } = 'skipped' in target ? wanted : target;
  if ('skipped' in target) {
    if (isMeant(target.skipped))
      log.warn({ runId, channel, reason: target.skipped }, `a ${kind} goes nowhere: ${target.skipped}`);
    await insertDelivery(tx, { ...delivery, channel, to, status: 'skipped', error: target.skipped });
    onDelivery('skipped');
    return;
  }
  await insertDelivery(tx, { ...delivery, channel, to, status: 'pending', error: null });
  await queue.enqueue(tx, deliverJob(delivery.id, channel, to, now));
}
