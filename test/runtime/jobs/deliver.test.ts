import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { pino } from 'pino';
import type { Channel, Message, Sending } from '../../../src/channels/channel.ts';
import { createChannels } from '../../../src/channels/channels.ts';
import { DeliveryError } from '../../../src/channels/delivery-error.ts';
import { maxAttempts } from '../../../src/domain/job.ts';
import { createMask } from '../../../src/domain/text/mask.ts';
import { wholeOf } from '../../../src/domain/text/said.ts';
import { createQueue } from '../../../src/queue/create-queue.ts';
import { deliverJob } from '../../../src/queue/jobs.ts';
import { deliverHandler } from '../../../src/runtime/jobs/deliver.ts';
import { createWorker, type Worker } from '../../../src/runtime/worker.ts';
import { findDelivery, insertDelivery } from '../../../src/store/queries/deliveries.ts';
import { openSqliteStore } from '../../../src/store/sqlite/sqlite-store.ts';
import { atEnd } from '../../support/at-end.ts';
import { eventually } from '../../support/eventually.ts';
import { fakeClock } from '../../support/fake-clock.ts';
import { gatewayToken } from '../../support/gateway.ts';
import { newId } from '../../support/new-id.ts';
import { simulated } from '../../support/simulated.ts';
import { tempDir } from '../../support/temp-dir.ts';

const config = { agents: { defaults: { heartbeat: { target: 'none' } } } };

it('what becomes of deliveries is counted once for each, when it is clear', async () => {
  const { gateway, pass } = await simulated(config);
  const counts = async () => {
    const text = await (
      await fetch(`${gateway.url}/metrics`, { headers: { Authorization: `Bearer ${gatewayToken}` } })
    ).text();
    const lines = text.matchAll(/^gimli_deliveries_total\{status="(\w+)"\} (\d+)$/gm);
    return Object.fromEntries([...lines].map(([, status, count]) => [status, Number(count)]));
  };
  const post = (more: object) => gateway.post('agent', { message: 'x', wakeMode: 'next-heartbeat', ...more });
  await post({ channel: 'log' });
  await post({ channel: 'log' });
  await post({ channel: 'slack' });
  await post({ deliver: false });
  await pass(10_000, 1000);
  await eventually(async () => (await counts()).sent === 2);
  expect(await counts()).toEqual({ sent: 2, skipped: 1 });
});

const log = pino({ level: 'silent' });
const never = new Promise<never>(() => {});

/** A store with deliveries to one messenger, which does what `send` does. */
async function outbox(send: Channel['send'], deadlineMs?: number) {
  const store = await openSqliteStore(path.join(tempDir(), 'gimli.db'));
  const [queue, clock] = [createQueue(), fakeClock()];
  const sent: (Message & Sending)[] = [];
  const channel: Channel = {
    send(message, sending) {
      sent.push({ ...message, ...sending });
      return send(message, sending);
    },
  };
  const kind = { name: 'test', settings: undefined, create: () => channel, checkTo: () => undefined };
  const channels = createChannels({}, { log }, undefined, [kind]);
  const ended: string[] = [];
  const current = () => ({ channels, mask: createMask(['the-secret-key']) });
  const onDelivery = (status: string) => void ended.push(status);
  const handler = deliverHandler({ store, queue, clock, log, current, onDelivery }, deadlineMs);
  const row = async (id: string) => {
    const found = await findDelivery(store.read, id);
    if (!found) throw new Error(`no delivery ${id}`);
    const { status, error, attempts, messageId, maybeTwice } = found;
    return { status, error: error && wholeOf(error), attempts, messageId, maybeTwice };
  };
  const workers: Worker[] = [];
  atEnd(async () => {
    for (const worker of workers) await worker.stop(0);
    await store.close();
  });
  return {
    store,
    queue,
    clock,
    handler,
    sent,
    ended,
    /** A worker as a start of the gateway has it. */
    start(): Worker {
      const none = { limit: () => 0, begin: async () => null };
      const worker = createWorker({
        store,
        queue,
        clock,
        log,
        handlers: { run: none, heartbeat: none, deliver: handler },
      });
      workers.push(worker);
      worker.start();
      return worker;
    },
    async add(text: string): Promise<string> {
      const [id, createdAt] = [newId(), clock.now()];
      const delivery = { id, runId: newId(), kind: 'reply', sessionKey: 's', channel: 'test', to: text } as const;
      await store.write(async (tx) => {
        await insertDelivery(tx, { ...delivery, text, status: 'pending', error: null, createdAt });
        await queue.enqueue(tx, deliverJob(id, 'test', text, createdAt));
      });
      return id;
    },
    row,
    /** Its row, once it has the status. */
    once: (id: string, status: string) =>
      eventually(async () => {
        const found = await row(id);
        return found.status === status && found;
      }),
    /** Its row, once an attempt has failed. */
    failed: (id: string) =>
      eventually(async () => {
        const found = await row(id);
        return found.error !== null && found;
      }),
  };
}

describe('a send that hangs', () => {
  const hangsFirst: Channel['send'] = async ({ text }, { attempt }) =>
    text !== 'quick' && attempt === 1 ? never : { messageId: `${text} ${attempt}` };

  it('is broken off at its deadline, leaves its place to others, and is tried again', async () => {
    const { add, start, once, failed, clock } = await outbox(hangsFirst, 20);
    const stuck = await Promise.all(['a', 'b', 'c', 'd'].map(add));
    const quick = await add('quick');
    start();
    expect(await once(quick, 'sent')).toMatchObject({ attempts: 1, messageId: 'quick 1', maybeTwice: 0 });
    for (const id of stuck) {
      expect(await failed(id)).toMatchObject({
        status: 'pending',
        error: 'the channel test did not answer within 0.02 s; the message may have come',
      });
    }
    clock.advance(2000);
    for (const [at, id] of stuck.entries()) {
      const messageId = `${'abcd'[at]} 2`;
      expect(await once(id, 'sent')).toMatchObject({ attempts: 2, messageId, maybeTwice: 1, error: null });
    }
  });

  it('does not hold a stop, and is sent after the next start, which says that it may have come twice', async () => {
    const { add, start, once, row, sent, ended } = await outbox(hangsFirst);
    const id = await add('a');
    const worker = start();
    await eventually(() => sent.length === 1);
    await worker.stop(0);
    expect(sent[0]?.signal.aborted).toBe(true);
    expect(await row(id)).toMatchObject({ status: 'pending', error: null });
    start();
    expect(await once(id, 'sent')).toMatchObject({ attempts: 2, maybeTwice: 1 });
    expect(sent.map(({ deliveryId, attempt }) => [deliveryId, attempt])).toEqual([
      [id, 1],
      [id, 2],
    ]);
    expect(ended).toEqual(['sent']);
  });

  it('is cut off by so many stops as come, none of which is a failed attempt', async () => {
    const { add, start, once, sent } = await outbox(async (_, { attempt }) => (attempt > maxAttempts + 1 ? {} : never));
    const id = await add('a');
    for (let stops = 1; stops <= maxAttempts + 1; stops += 1) {
      const worker = start();
      await eventually(() => sent.length === stops);
      await worker.stop(0);
    }
    start();
    expect(await once(id, 'sent')).toMatchObject({ attempts: maxAttempts + 2, maybeTwice: 1 });
  });
});

it('a delivery that a crash cut off is sent again, and says that it may have come twice', async () => {
  const { add, start, once, store, queue, clock, handler } = await outbox(async () => ({}));
  const id = await add('a');
  // What a process has done that dies between its claim and the answer of the messenger.
  await store.write(async (tx) => {
    for (const job of await queue.claim(tx, 'deliver', 1, clock.now())) await handler.begin(tx, job);
  });
  await store.write((tx) => queue.recover(tx, clock.now()));
  start();
  expect(await once(id, 'sent')).toMatchObject({ attempts: 2, maybeTwice: 1 });
});

it('a delivery that time cannot mend fails at once, with what would mend it and what the messenger said', async () => {
  const { add, start, once, sent, ended, queue, store } = await outbox(async () => {
    throw new DeliveryError('the messenger refused the key: set channels.test.token', {
      retryable: false,
      said: 'no such key: the-secret-key',
    });
  });
  const id = await add('a');
  start();
  const row = await once(id, 'failed');
  expect(row).toMatchObject({ attempts: 1, maybeTwice: 0 });
  expect(row.error).toMatch(/^the messenger refused the key: set channels\.test\.token: no such key: (?!the-secret)/);
  expect(sent).toHaveLength(1);
  expect(ended).toEqual(['failed']);
  expect(await queue.counts(store.read)).toMatchObject({ queued: 0, dead: 1 });
});

it.each([
  ['as usual where a messenger does not say', 0, 2000],
  ['as usual where a messenger asks for less', 500, 2000],
  ['as long as a messenger asks', 600_000, 600_000],
  ['an hour at most', 36_000_000, 3_600_000],
])('a delivery waits %s', async (_title, retryAfterMs, waits) => {
  const { add, start, failed, store, queue, clock } = await outbox(async () => {
    throw new DeliveryError('too many messages', { retryable: true, retryAfterMs });
  });
  const id = await add('a');
  start();
  expect(await failed(id)).toMatchObject({ status: 'pending', error: 'too many messages', maybeTwice: 0 });
  expect(await queue.nextDue(store.read, ['deliver'], clock.now())).toBe(clock.now() + waits);
});

describe('whether a recipient may have a message twice', () => {
  const outcomes: [string, Error, object, number][] = [
    ['no: it was refused', new DeliveryError('busy', { retryable: true }), {}, 0],
    ['perhaps: it was cut off', new DeliveryError('cut off', { retryable: true, mayHaveCome: true }), {}, 1],
    ['perhaps: nobody knows what the error means', new Error('socket hang up'), {}, 1],
    ['no: the messenger tells repetitions', new Error('socket hang up'), { maybeTwice: false }, 0],
    ['perhaps: the channel knows more', new DeliveryError('busy', { retryable: true }), { maybeTwice: true }, 1],
  ];
  it.each(outcomes)('%s', async (_title, first, second, maybeTwice) => {
    const { add, start, once, failed, clock } = await outbox(async (_message, { attempt }) => {
      if (attempt === 1) throw first;
      return second;
    });
    const id = await add('a');
    start();
    await failed(id);
    clock.advance(2000);
    expect(await once(id, 'sent')).toEqual({ status: 'sent', error: null, attempts: 2, messageId: null, maybeTwice });
  });
});
