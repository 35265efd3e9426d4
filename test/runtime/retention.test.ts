import path from 'node:path';
import { expect, it } from '@jest/globals';
import Sqlite from 'better-sqlite3';
import { atEnd } from '../support/at-end.ts';
import { gatewayToken, type TestGateway } from '../support/gateway.ts';
import { simulated } from '../support/simulated.ts';

const dayMs = 86_400_000;

const mappings = [
  { match: { path: 'door', payload: { kind: 'ring' } }, action: 'agent', messageTemplate: '{{text}}' },
  { match: { path: 'talk' }, action: 'agent', messageTemplate: '{{text}}', sessionKey: 'hook:talk:{{who}}' },
  { match: { path: 'news' }, action: 'wake', textTemplate: '{{text}}', wakeMode: 'next-heartbeat' },
];
const channels = { owner: { channel: 'log' } };
const keeping = (keep: object = {}) => ({ hooks: { mappings }, store: { keep }, channels });

/** Rows of a table, past the gateway. */
function counter(gateway: TestGateway): (table: string) => number {
  const db = new Sqlite(path.join(gateway.dir, 'data', 'gimli.db'), { readonly: true });
  atEnd(() => db.close());
  return (table) => db.prepare(`select count(*) from ${table}`).pluck().get() as number;
}

/** Main's own turns stay, since it goes on with them. */
const hookRuns = `runs where kind = 'hook'`;

const runOf = async (gateway: TestGateway, hook: string, body: object, headers = {}) => {
  const answer = await gateway.post(hook, body, headers);
  expect(answer.status).toBe(202);
  return gateway.ended(answer.body.runId);
};

it('what led to nothing goes after 7 days, what was done after 30, with all that belongs to it; counts and costs stay right', async () => {
  const { gateway, pass } = await simulated(keeping());
  const rows = counter(gateway);
  await runOf(gateway, 'door', { kind: 'ring', text: 'ding' });
  await gateway.post('door', { kind: 'knock' });
  expect(rows('events')).toBe(2);
  const costs = (await gateway.api('GET', '/costs?days=60')).body;

  await pass(8 * dayMs, 8 * dayMs);
  expect((await gateway.api('GET', '/events')).body.events.map(({ outcome }: { outcome: string }) => outcome)).toEqual([
    'accepted',
  ]);
  await pass(23 * dayMs, 23 * dayMs);
  for (const table of ['events', hookRuns, 'tool_calls', `sessions where key <> 'main'`])
    expect([table, rows(table)]).toEqual([table, 0]);
  expect((await gateway.api('GET', '/runs?kind=hook')).body).toMatchObject({ runs: [], total: 0 });
  expect((await gateway.api('GET', '/costs?days=60')).body.total).toEqual(costs.total);
  const { store } = (await gateway.api('GET', '/store')).body;
  expect(store).toMatchObject({ rows: { events: 0, runs: 1 }, keep: { filtered: '7d', maxBytes: '20GB' } });
  expect(store.removed).toContainEqual({ noun: 'event', rows: 2, at: expect.any(Number) });
  const metrics = await fetch(`${gateway.url}/metrics`, { headers: { Authorization: `Bearer ${gatewayToken}` } });
  const text = await metrics.text();
  expect(text).toContain('gimli_removed_total{noun="run"} 1');
  expect(text).toMatch(/gimli_store_bytes\{part="file"\} [1-9]\d+/);
});

it('a delivery whose first event is gone is answered as that was, without doing it again, for 400 days', async () => {
  const { gateway, pass } = await simulated(keeping({ filtered: '1d', events: '1d', runs: '1d' }));
  const rows = counter(gateway);
  const headers = { 'Idempotency-Key': 'ring-7' };
  const body = { kind: 'ring', text: 'ding' };
  const first = await gateway.post('door', body, headers);
  await gateway.ended(first.body.runId);
  await pass(2 * dayMs, 2 * dayMs);
  expect(rows('events')).toBe(0);
  const again = await gateway.post('door', body, headers);
  expect([again.status, again.body]).toEqual([202, first.body]);
  expect((await gateway.post('door', { ...body, text: 'dong' }, headers)).status).toBe(422);
  expect(rows(hookRuns)).toBe(0);
  await pass(420 * dayMs, 420 * dayMs);
  expect(rows('delivery_keys') + rows('answered_events')).toBe(0);
  const anew = await gateway.post('door', body, headers);
  expect(anew.body.runId).not.toBe(first.body.runId);
});

it('a repetition is stored without its body, and cannot be replayed', async () => {
  const { gateway } = await simulated(keeping());
  const headers = { 'Idempotency-Key': 'ring-8' };
  const body = { kind: 'ring', text: 'x'.repeat(50_000) };
  const first = await gateway.post('door', body, headers);
  await gateway.post('door', body, headers);
  const [repeated] = (await gateway.api('GET', '/events?outcome=duplicate')).body.events;
  expect(repeated.detail).toBe(`the same as event ${first.body.eventId}`);
  expect((await gateway.api('GET', `/events/${repeated.eventId}`)).body.event.body).toBe('');
  const replay = await gateway.api('POST', `/events/${repeated.eventId}/replay`);
  expect([replay.status, replay.body.error]).toEqual([
    409,
    `this event is the same as event ${first.body.eventId}: replay that one`,
  ]);
});

it('nothing that is open or unread goes, however old: runs that wait, with their events, and lines of the inbox', async () => {
  const { gateway, pass } = await simulated(keeping({ filtered: '1d', events: '1d', runs: '1d' }));
  await gateway.api('POST', '/pause');
  const { body } = await gateway.post('door', { kind: 'ring', text: 'late' });
  await gateway.post('news', { text: 'unread' });
  await pass(60 * dayMs, 60 * dayMs);
  expect(counter(gateway)('system_events')).toBe(1);
  expect((await gateway.api('GET', '/heartbeat')).body.heartbeat).toMatchObject({ waitingLines: 1 });
  await gateway.api('POST', '/resume');
  await pass(60_000);
  const run = await gateway.ended(body.runId);
  expect(run).toMatchObject({ status: 'completed', outputText: expect.stringContaining('late') });
});

it('turns that a session goes on with stay, and go when it is cleared; a session that nobody comes back to goes whole', async () => {
  const { gateway, pass } = await simulated(keeping());
  const rows = counter(gateway);
  for (const text of ['one', 'two']) await runOf(gateway, 'talk', { who: 'ann', text });
  await runOf(gateway, 'door', { kind: 'ring', text: 'alone' });
  await pass(40 * dayMs, 40 * dayMs);
  expect(rows(hookRuns)).toBe(2);
  expect(rows('events')).toBe(0);
  const session = (await gateway.api('GET', '/sessions/hook:talk:ann')).body;
  expect(JSON.stringify(session)).toContain('one');
  expect(session.session.turns).toBe(2);
  await gateway.api('POST', '/sessions/hook:talk:ann/clear');
  await pass(2 * dayMs, 2 * dayMs);
  expect([rows(hookRuns), rows(`sessions where key <> 'main'`)]).toEqual([0, 0]);
});

it('of a session that goes on for long, turns beyond those that are replayed go, and are counted out', async () => {
  const { gateway, pass } = await simulated(keeping({ runs: '1d' }));
  const rows = counter(gateway);
  // A history holds some hundred thousand characters.
  for (let turn = 0; turn < 14; turn += 1) await runOf(gateway, 'talk', { who: 'bob', text: 'y'.repeat(100_000) });
  await pass(2 * dayMs, 2 * dayMs);
  const left = rows(hookRuns);
  expect(left).toBeGreaterThan(0);
  expect(left).toBeLessThan(14);
  expect((await gateway.api('GET', '/sessions/hook:talk:bob')).body.session.turns).toBe(left);
});

it('forever keeps, and a setting that is saved counts at once', async () => {
  const { gateway, pass } = await simulated(keeping({ filtered: 'forever', events: 'forever', runs: 'forever' }));
  await runOf(gateway, 'door', { kind: 'ring', text: 'kept' });
  await pass(1000 * dayMs, 1000 * dayMs);
  const rows = counter(gateway);
  expect([rows('events'), rows(hookRuns)]).toEqual([1, 1]);
  gateway.writeConfig(keeping({ events: '1d', runs: '1d' }));
  await gateway.gimli.reload();
  await pass(2 * dayMs, 2 * dayMs);
  expect([rows('events'), rows(hookRuns)]).toEqual([0, 0]);
});

it('a store above its size loses the oldest of what is over; where that is not enough, there is an alarm', async () => {
  const { gateway, clock, pass } = await simulated(keeping({ maxBytes: '1.5MB' }));
  const rows = counter(gateway);
  for (let hour = 0; hour < 40; hour += 1) {
    await gateway.post('door', { kind: 'knock', text: 'z'.repeat(50_000) });
    clock.advance(60_000);
  }
  await pass(180_000, 5_000);
  const { store } = (await gateway.api('GET', '/store')).body;
  expect(store.fileBytes - store.freeBytes).toBeLessThan(1_500_000);
  expect(rows('events')).toBeGreaterThan(5);
  const { events } = (await gateway.api('GET', '/events?limit=1')).body;
  expect(events).toHaveLength(1);
  expect((await gateway.api('GET', '/alarms')).body.alarms).toEqual([]);

  await gateway.api('POST', '/pause');
  for (let count = 0; count < 40; count += 1) await gateway.post('door', { kind: 'ring', text: 'z'.repeat(50_000) });
  await pass(180_000, 5_000);
  expect((await gateway.api('GET', '/alarms')).body.alarms).toEqual([
    expect.objectContaining({ cause: 'store', sentence: expect.stringContaining('store.keep.maxBytes says 2 MB') }),
  ]);
});

it.each(['0d', '7 days', '-1d', 'never'])('store.keep.events: %j is refused', async (events) => {
  const { gateway } = await simulated(keeping());
  gateway.writeConfig(keeping({ events }));
  expect(await gateway.gimli.reload()).toBe(false);
});
