import { afterEach, beforeEach, expect, it } from '@jest/globals';
import type { Event } from '../../src/domain/event.ts';
import { usualPolicy } from '../../src/domain/mapping.ts';
import { deliveriesOf, insertDelivery, pingsOf } from '../../src/store/queries/deliveries.ts';
import { claimKey, findKey } from '../../src/store/queries/delivery-keys.ts';
import { findEvent, insertEvent, listEvents } from '../../src/store/queries/events.ts';
import {
  insertSystemEvent,
  linesOfBeat,
  linesReadBy,
  markLinesRead,
  releaseLines,
  takeLines,
  waitingLines,
} from '../../src/store/queries/inbox.ts';
import { joinedEventIds, joinedEvents, joinRun } from '../../src/store/queries/run-events.ts';
import {
  findOpenHeartbeat,
  finishRun,
  insertRun,
  listRuns,
  markCancelled,
  type NewRun,
  reopenRun,
  runCounts,
  startRun,
} from '../../src/store/queries/runs.ts';
import { sessionHistory } from '../../src/store/queries/session-history.ts';
import {
  clearSession,
  findSession,
  latestTurns,
  listSessions,
  recordTurn,
  runUnderWay,
} from '../../src/store/queries/sessions.ts';
import { costOfDay, recordSpending, spendingSince } from '../../src/store/queries/spending.ts';
import type { Store } from '../../src/store/store.ts';
import { newId as uuid } from '../support/new-id.ts';
import type { Driver } from './drivers.ts';

export function newEvent(change: Partial<Event> = {}): Event {
  return {
    id: uuid(),
    endpoint: 'hooks',
    status: 202,
    hook: 'agent',
    receivedAt: Date.now(),
    query: { a: '1' },
    headers: { 'content-type': 'application/json' },
    body: Buffer.from('{"message":"hi"}'),
    mapping: 'builtin:agent',
    outcome: 'accepted',
    detail: null,
    response: '{"ok":true}',
    replayOf: null,
    misses: [],
    ...change,
  };
}

function newRun(change: Partial<NewRun> & { name?: string; sessionKey?: string } = {}): NewRun {
  const { name = 'Email', sessionKey = `hook:${uuid()}`, ...rest } = change;
  return {
    id: uuid(),
    kind: 'hook',
    eventId: null,
    hook: 'agent',
    createdAt: Date.now(),
    policy: usualPolicy,
    action: {
      kind: 'agent',
      message: [{ path: 'message' }],
      name,
      sessionKey,
      wakeMode: 'now',
      deliver: true,
      channel: 'last',
    },
    ...rest,
  };
}

/** What every store must do. */
export function storeConformance(driver: Driver): void {
  const open = () => driver.open('conformance');
  let store: Store;
  beforeEach(async () => {
    store = await open();
  });
  afterEach(() => store.close());

  it('gives an event back as it was, bytes and all, also after it was closed and opened again', async () => {
    const event = newEvent({ body: Buffer.from([0, 255, 10, 13, 200]), detail: 'why' });
    await store.write((tx) => insertEvent(tx, event));
    expect(await findEvent(store.read, event.id)).toEqual(event);
    await store.close();
    store = await open();
    expect(await findEvent(store.read, event.id)).toEqual(event);
  });

  it('rolls back all of a work that throws, and none of the others in its group', async () => {
    const [before, broken, after] = [newEvent(), newEvent(), newEvent()];
    const results = await Promise.allSettled([
      store.write((tx) => insertEvent(tx, before)),
      store.write(async (tx) => {
        await insertEvent(tx, broken);
        throw new Error('changed my mind');
      }),
      store.write((tx) => insertEvent(tx, after)),
    ]);
    expect(results.map((result) => result.status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(results[1]).toMatchObject({ reason: expect.objectContaining({ message: 'changed my mind' }) });
    expect(await findEvent(store.read, before.id)).toBeDefined();
    expect(await findEvent(store.read, broken.id)).toBeUndefined();
    expect(await findEvent(store.read, after.id)).toBeDefined();
  });

  it('runs works in the order they came, each seeing what was written before, also one that another has given', async () => {
    const [first, second] = [newEvent(), newEvent()];
    const seen: unknown[] = [];
    let given: Promise<unknown> | undefined;
    await store.write(async (tx) => {
      given = store.write(async (later) => {
        for (const { id } of [first, second]) seen.push((await findEvent(later, id))?.id);
      });
      await insertEvent(tx, first);
    });
    await given;
    await Promise.all([
      store.write((tx) => insertEvent(tx, second)),
      store.write(async (tx) => seen.push((await findEvent(tx, second.id))?.id)),
    ]);
    expect(seen).toEqual([first.id, undefined, second.id]);
  });

  it('commits more works than one group holds, in the order they came', async () => {
    const hook = uuid();
    const events = Array.from({ length: 2000 }, () => newEvent({ hook }));
    await Promise.all(events.map((event) => store.write((tx) => insertEvent(tx, event))));
    const newest = await listEvents(store.read, { hook, limit: 3000 });
    expect(newest.map((event) => event.id)).toEqual(events.map((event) => event.id).reverse());
  });

  it('lists events newest first, by hook and outcome, from where the last list ended', async () => {
    const hook = uuid();
    const ids: string[] = [];
    for (const outcome of ['accepted', 'filtered', 'accepted', 'invalid'] as const) {
      const event = newEvent({ hook, outcome });
      ids.push(event.id);
      await store.write((tx) => insertEvent(tx, event));
    }
    const page = (filter: object) =>
      listEvents(store.read, { hook, limit: 2, ...filter }).then((rows) => rows.map((row) => row.id));
    expect(await page({})).toEqual([ids[3], ids[2]]);
    expect(await page({ before: ids[2] })).toEqual([ids[1], ids[0]]);
    expect(await page({ outcome: 'filtered' })).toEqual([ids[1]]);
  });

  it('counts runs by status as they are made, started, finished and reopened, heartbeats left out', async () => {
    const before = await runCounts(store.read, 'hook');
    const [first, second, beat] = [newRun(), newRun(), newRun({ kind: 'heartbeat' })];
    await store.write(async (tx) => {
      for (const run of [first, second, beat]) await insertRun(tx, run);
      await startRun(tx, second.id, 1, 5);
    });
    const count = async () => {
      const now = await runCounts(store.read, 'hook');
      return Object.fromEntries(
        Object.entries(now).map(([key, value]) => [key, value - before[key as keyof typeof now]]),
      );
    };
    expect(await count()).toEqual({ total: 2, pending: 1, running: 1, completed: 0, error: 0 });
    await store.write((tx) => finishRun(tx, second.id, { summary: 's', error: 'e', errorCode: 'model' }, 6));
    expect(await count()).toEqual({ total: 2, pending: 1, running: 0, completed: 0, error: 1 });
    await store.write((tx) => reopenRun(tx, second.id, null));
    expect(await count()).toEqual({ total: 2, pending: 2, running: 0, completed: 0, error: 0 });
    await store.write((tx) => finishRun(tx, beat.id, { summary: 's' }, 7));
  });

  it('starts a run once it is open, and not when it has ended', async () => {
    const run = newRun();
    await store.write((tx) => insertRun(tx, run));
    const started = await store.write((tx) => startRun(tx, run.id, 2, 77));
    expect(started).toMatchObject({
      id: run.id,
      status: 'running',
      attempts: 2,
      startedAt: 77,
      action: run.action,
      policy: run.policy,
    });
    await store.write((tx) => finishRun(tx, run.id, { summary: 'done', outputText: 'done' }, 78));
    expect(await store.write((tx) => startRun(tx, run.id, 3, 79))).toBeUndefined();
  });

  const most = { joined: 100, chars: 1000 };

  it('keeps the events that joined a run in their order, each with its message, as long as the run', async () => {
    const [run, other] = [newRun(), newRun()];
    const joined = [
      { eventId: uuid(), message: ['Look at ', { path: 'items[0]' }], each: { key: 'items', index: 3 } },
      { eventId: uuid(), message: [{ path: 'value1', value: 'x' }] },
    ];
    await store.write(async (tx) => {
      for (const one of [run, other]) await insertRun(tx, one);
      for (const event of joined)
        expect(await joinRun(tx, { ...event, runId: run.id, chars: 1 }, most)).toBe(run.createdAt);
      await joinRun(tx, { eventId: 'e', message: [], runId: other.id, chars: 1 }, most);
    });
    expect(await joinedEvents(store.read, run.id)).toEqual(joined);
    expect(await joinedEventIds(store.read, [run.id, other.id, 'none'])).toEqual(
      new Map([
        [run.id, joined.map(({ eventId }) => eventId)],
        [other.id, ['e']],
      ]),
    );
    await store.write((tx) => tx.deleteFrom('runs').where('id', '=', run.id).execute());
    expect(await joinedEvents(store.read, run.id)).toEqual([]);
    expect(await joinedEvents(store.read, other.id)).toHaveLength(1);
  });

  it('lets an event join a run only while that has not begun and has room for it', async () => {
    const { action, ...rest } = newRun();
    const [run, plain] = [{ ...rest, action: { ...action, chars: 900 } }, newRun()];
    const joins = (runId: string, chars: number, limits = most) =>
      store.write((tx) => joinRun(tx, { runId, eventId: uuid(), message: [], chars }, limits));
    await store.write(async (tx) => {
      for (const one of [run, plain]) await insertRun(tx, one);
    });
    expect(await joins(run.id, 101)).toBeUndefined();
    expect(await joins(run.id, 60)).toBe(run.createdAt);
    expect(await joins(run.id, 41)).toBeUndefined();
    expect(await joins(run.id, 0, { ...most, joined: 1 })).toBeUndefined();
    expect(await joins(run.id, 40)).toBe(run.createdAt);
    expect(await joinedEvents(store.read, run.id)).toHaveLength(2);
    await store.write((tx) => startRun(tx, plain.id, 1, 5));
    expect(await joins(plain.id, 1)).toBeUndefined();
    expect(await joins('none', 1)).toBeUndefined();
  });

  it('gives a delivery key to one event, and names it to all others', async () => {
    const [first, second] = [newEvent(), newEvent()];
    const key = uuid();
    const claimed = await Promise.all([first, second].map((event) => store.write((tx) => claimKey(tx, event, key))));
    expect(claimed).toEqual([undefined, first.id]);
    expect(await findKey(store.read, second, key)).toBe(first.id);
    expect(await store.write((tx) => claimKey(tx, newEvent({ hook: 'other' }), key))).toBeUndefined();
  });

  it('marks a run as cancelled only while it is open', async () => {
    const run = newRun();
    await store.write((tx) => insertRun(tx, run));
    expect(await store.write((tx) => markCancelled(tx, run.id))).toBe(true);
    await store.write((tx) => finishRun(tx, run.id, { summary: 's' }, 6));
    expect(await store.write((tx) => markCancelled(tx, run.id))).toBe(false);
  });

  it('has one heartbeat open at most', async () => {
    const [beat, other] = [newRun({ kind: 'heartbeat' }), newRun({ kind: 'heartbeat' })];
    await store.write((tx) => insertRun(tx, beat));
    await expect(store.write((tx) => insertRun(tx, other))).rejects.toThrow(/unique/i);
    expect(await findOpenHeartbeat(store.read)).toBe(beat.id);
    await store.write((tx) => finishRun(tx, beat.id, { summary: 's' }, 6));
    expect(await findOpenHeartbeat(store.read)).toBeUndefined();
  });

  it('finds runs by part of their name in any case, taking % and _ literally', async () => {
    const tag = uuid();
    for (const name of [`${tag} GitHub`, `${tag} 100%`, `${tag} other`])
      await store.write((tx) => insertRun(tx, newRun({ name })));
    const names = async (name: string) =>
      (await listRuns(store.read, { name, kind: 'hook', limit: 10, offset: 0 })).runs.map((run) => run.name);
    expect(await names(`${tag} gitHUB`)).toEqual([`${tag} GitHub`]);
    expect(await names(`${tag} 100%`)).toEqual([`${tag} 100%`]);
    expect(await names(`${tag} 1_0`)).toEqual([]);
    expect(await listRuns(store.read, { name: tag, kind: 'hook', limit: 2, offset: 2 })).toMatchObject({
      total: 3,
      runs: [{ name: `${tag} GitHub` }],
    });
  });

  it('has lists give no more than the beginning of what others say of a run', async () => {
    const tag = uuid();
    const run = newRun({ name: tag });
    await store.write(async (tx) => {
      await insertRun(tx, run);
      const long = 'x'.repeat(5000);
      await finishRun(tx, run.id, { summary: 'failed', warning: long, error: long, errorCode: 'provider' }, 5);
    });
    const { runs } = await listRuns(store.read, { name: tag, limit: 1, offset: 0 });
    expect(runs).toMatchObject([{ warning: 'x'.repeat(1000), error: 'x'.repeat(1000) }]);
  });

  it('gives the completed turns of a session, oldest first, and no others', async () => {
    const sessionKey = uuid();
    const runs = [newRun({ sessionKey }), newRun({ sessionKey }), newRun({ sessionKey }), newRun()];
    for (const [index, run] of runs.entries()) {
      await store.write(async (tx) => {
        await insertRun(tx, run);
        const failed = index === 1 ? { error: 'x', errorCode: 'model' as const } : {};
        const turn = { prompt: `p${index}`, reply: [index], model: 'echo/echo', outputText: `o${index}`, summary: '' };
        await finishRun(tx, run.id, { ...turn, ...failed }, index);
      });
    }
    expect(await sessionHistory(store.read, sessionKey, 10)).toEqual([
      { prompt: 'p0', reply: [0], model: 'echo/echo', outputText: 'o0' },
      { prompt: 'p2', reply: [2], model: 'echo/echo', outputText: 'o2' },
    ]);
    expect((await sessionHistory(store.read, sessionKey, 0)).map((turn) => turn.prompt)).toEqual(['p2']);
  });

  const turn = async (sessionKey: string, prompt: string, at: number) => {
    const run = newRun({ sessionKey });
    await store.write(async (tx) => {
      await insertRun(tx, run);
      await finishRun(tx, run.id, { prompt, reply: [], model: 'echo/echo', outputText: 'o', summary: '' }, at);
      await recordTurn(tx, sessionKey, at);
    });
    return run.id;
  };

  it('gives of a session with thousands of turns the newest that may fit, 201 at most, and one that does not', async () => {
    const sessionKey = uuid();
    // Several end in the same moment, and no two neighbours have the same size.
    const turns = Array.from({ length: 3000 }, (_, at) => {
      return { id: uuid(), prompt: `${at}`.padEnd(10 + ((at * 7) % 100), '.'), at: 1000 + Math.floor(at / 3) };
    });
    await store.write(async (tx) => {
      for (const { id, prompt, at } of turns) {
        await insertRun(tx, newRun({ id, sessionKey }));
        await finishRun(tx, id, { prompt, reply: [], model: 'echo/echo', outputText: 'o', summary: '' }, at);
      }
    });
    const expected = (budget: number) => {
      let left = budget;
      const oldest = turns.findLastIndex(({ prompt }) => {
        // A turn that is large for the budget may be shortened to a tenth of it.
        left -= Math.min(prompt.length + '[]'.length, Math.ceil(budget / 10) || 1);
        return left < 0;
      });
      return turns.slice(Math.max(oldest, turns.length - 201)).map(({ id }) => id);
    };
    for (const budget of [0, 1, 100, 5000, 100_000, 1e9]) {
      const history = await sessionHistory(store.read, sessionKey, budget);
      // The number at its head says which turn it is, also where it was read in part.
      expect(history).toHaveLength(expected(budget).length);
      if (budget < 1000) continue;
      const heads = history.map(({ prompt }) => turns[Number.parseInt(prompt, 10)]?.id);
      expect(heads).toEqual(expected(budget));
    }
    expect(await sessionHistory(store.read, uuid(), 1000)).toEqual([]);
  });

  it('reads of a turn that is too large the two ends, and goes on past it', async () => {
    const sessionKey = uuid();
    await turn(sessionKey, 'MY NAME IS ADA', 10);
    await turn(sessionKey, `begin ${'😀'.repeat(60_000)}${'x'.repeat(60_000)} end`, 20);
    await turn(sessionKey, 'and now?', 30);
    const [ada, large, now] = await sessionHistory(store.read, sessionKey, 1000);
    expect([ada?.prompt, now?.prompt]).toEqual(['MY NAME IS ADA', 'and now?']);
    const [faces, letters] = [125 - 'begin '.length, 125 - ' end'.length];
    expect(large).toEqual({
      prompt: `begin ${'😀'.repeat(faces)}${'x'.repeat(letters)} end`,
      reply: [],
      model: 'echo/echo',
      outputText: 'o',
      leftOut: { prompt: 120_010 - 250, outputText: 0 },
    });
  });

  const prompts = async (sessionKey: string) =>
    (await sessionHistory(store.read, sessionKey, 1000)).map(({ prompt }) => prompt);

  it('lists sessions by their latest turn, newest first, each once on whatever page', async () => {
    // Later than anything else in this database, and all but one in the same moment.
    const at = 8e12;
    const keys = ['a', 'b', 'c', 'd'].map((letter) => `${letter} ${uuid()}`);
    for (const key of keys) await turn(key, 'p', at);
    await turn(keys[1] ?? '', 'q', at + 1);
    const expected = [keys[1], keys[3], keys[2], keys[0]];
    const seen: string[] = [];
    for (let before: { key: string; updatedAt: number } | undefined; seen.length < 4; ) {
      const page = await listSessions(store.read, { before, limit: 2 });
      seen.push(...page.map(({ key }) => key));
      before = page.at(-1);
    }
    expect(seen).toEqual(expected);
    expect(await findSession(store.read, keys[1] ?? '')).toEqual({
      key: keys[1],
      turns: 2,
      updatedAt: at + 1,
      clearedAt: null,
    });
    expect(await findSession(store.read, 'none')).toBeUndefined();
  });

  it('gives the newest turns of a session, oldest first', async () => {
    const key = uuid();
    const ids = [await turn(key, 'p0', 10), await turn(key, 'p1', 20), await turn(key, 'p2', 20)];
    await turn(uuid(), 'other', 15);
    const row = { name: 'Email', model: 'echo/echo', outputText: 'o' };
    expect(await latestTurns(store.read, key, 2)).toEqual([
      { ...row, id: ids[1], prompt: 'p1', completedAt: 20 },
      { ...row, id: ids[2], prompt: 'p2', completedAt: 20 },
    ]);
  });

  it('takes all turns out of a session that is cleared, even one of this very moment, and none that follow', async () => {
    const [key, other] = [uuid(), uuid()];
    await turn(key, 'p0', 10);
    await turn(key, 'p1', 20);
    await turn(other, 'kept', 20);
    expect(await store.write((tx) => clearSession(tx, key, 20))).toBe(true);
    expect(await prompts(key)).toEqual([]);
    expect(await latestTurns(store.read, key, 10)).toEqual([]);
    expect(await findSession(store.read, key)).toMatchObject({ turns: 0, updatedAt: 20, clearedAt: 21 });
    await turn(key, 'p2', 21);
    expect(await prompts(key)).toEqual(['p2']);
    expect(await findSession(store.read, key)).toMatchObject({ turns: 1, updatedAt: 21, clearedAt: 21 });
    expect(await prompts(other)).toEqual(['kept']);
    expect(await store.write((tx) => clearSession(tx, 'none', 20))).toBe(false);
  });

  it('clears every turn of a session, whatever the clock was set back to meanwhile', async () => {
    const key = uuid();
    await turn(key, 'p0', 1000);
    await turn(key, 'p1', 500);
    await store.write((tx) => clearSession(tx, key, 600));
    expect(await prompts(key)).toEqual([]);
  });

  it('knows the run of a session that is under way', async () => {
    const [run, other] = [newRun(), newRun()];
    await store.write(async (tx) => {
      for (const one of [run, other]) await insertRun(tx, one);
      await startRun(tx, run.id, 1, 5);
    });
    expect(await runUnderWay(store.read, run.action.sessionKey)).toBe(run.id);
    expect(await runUnderWay(store.read, other.action.sessionKey)).toBeUndefined();
    await store.write((tx) => finishRun(tx, run.id, { summary: 's' }, 6));
    expect(await runUnderWay(store.read, run.action.sessionKey)).toBeUndefined();
  });

  it('keeps a line of the inbox until the heartbeat that took it has read it', async () => {
    const line = (text: string) => ({ eventId: null, source: 'wake', text, mode: 'now' as const, createdAt: 1 });
    const texts = (lines: { text: string }[]) => lines.map(({ text }) => text);
    await store.write(async (tx) => {
      for (const text of ['one', 'one', 'two']) await insertSystemEvent(tx, line(text));
    });
    const waiting = await waitingLines(store.read, 10);
    expect(texts(waiting)).toEqual(['one', 'one', 'two']);
    await store.write((tx) => takeLines(tx, waiting[1]?.id ?? 0, 'beat-1'));
    expect(texts(await waitingLines(store.read, 10))).toEqual(['two']);
    expect(texts(await linesOfBeat(store.read, 'beat-1'))).toEqual(['one', 'one']);
    await store.write((tx) => releaseLines(tx, 'beat-1', true));
    expect(texts(await waitingLines(store.read, 10))).toEqual(['one', 'one', 'two']);
    await store.write(async (tx) => {
      await takeLines(tx, Number.MAX_SAFE_INTEGER, 'beat-2');
      await markLinesRead(tx, 'beat-2', 5);
    });
    expect(await waitingLines(store.read, 10)).toEqual([]);
    expect(texts(await linesReadBy(store.read, ['beat-1', 'beat-2'], 2, 2))).toEqual(['tw', 'on']);
    expect(await linesReadBy(store.read, [], 2, 2)).toEqual([]);
    await store.write((tx) => releaseLines(tx, 'beat-2', false));
    expect(await waitingLines(store.read, 10)).toEqual([]);
  });

  it('adds up what runs spend by day and mapping, each run once, also after it was closed and opened again', async () => {
    const [event, beat] = [newEvent({ mapping: uuid() }), newRun({ kind: 'heartbeat', hook: 'heartbeat' })];
    const run = newRun({ eventId: event.id });
    const [day, next] = [Date.parse('2001-02-03T23:59:59Z'), Date.parse('2001-02-04T00:00:00Z')];
    const spent = { inputTokens: 10, outputTokens: 2, cost: 0.5, unpricedAnswers: 4 };
    await store.write(async (tx) => {
      await insertEvent(tx, event);
      for (const one of [run, beat]) await insertRun(tx, one);
      await recordSpending(tx, { id: run.id, spending: null }, spent, day);
      await recordSpending(tx, { id: run.id, spending: spent }, spent, day);
      const nothing = { inputTokens: 0, outputTokens: 0, cost: 0, unpricedAnswers: 0 };
      await recordSpending(tx, { id: beat.id, spending: null }, nothing, day);
      await recordSpending(tx, { id: beat.id, spending: nothing }, { ...spent, cost: 2 }, day);
      await recordSpending(tx, { id: run.id, spending: spent }, spent, next);
      await recordSpending(tx, { id: beat.id, spending: null }, nothing, next);
      await recordSpending(tx, { id: beat.id, spending: null }, null, next);
      await finishRun(tx, beat.id, { summary: 's' }, next);
    });
    await store.close();
    store = await open();
    const ofRun = { mapping: event.mapping, ...spent };
    expect(await spendingSince(store.read, '2001-02-03')).toEqual([
      { day: '2001-02-04', runs: 0, ...ofRun },
      { day: '2001-02-03', mapping: 'heartbeat', runs: 1, ...spent, cost: 2 },
      { day: '2001-02-03', runs: 1, ...ofRun, inputTokens: 20, outputTokens: 4, cost: 1, unpricedAnswers: 8 },
    ]);
    expect(await spendingSince(store.read, '2001-02-04')).toHaveLength(1);
    expect(await costOfDay(store.read, '2001-02-03')).toBe(3);
    expect(await costOfDay(store.read, '2001-02-05')).toBe(0);
  });

  it('keeps the pings of a run apart from the delivery of its reply', async () => {
    const runId = uuid();
    const delivery = (kind: 'reply' | 'ping', text: string | null) => ({
      ...{ id: uuid(), runId, kind, sessionKey: 'hook:a', channel: 'log', to: null, text },
      ...{ status: 'pending' as const, error: null, createdAt: 1 },
    });
    await store.write(async (tx) => {
      await insertDelivery(tx, delivery('ping', 'one'));
      await insertDelivery(tx, delivery('reply', null));
      await insertDelivery(tx, delivery('ping', 'two'));
    });
    expect((await pingsOf(store.read, runId)).map(({ text }) => text)).toEqual(['one', 'two']);
    expect((await deliveriesOf(store.read, [runId, 'none'])).get(runId)).toMatchObject({ kind: 'reply', text: null });
    expect(await pingsOf(store.read, 'none')).toEqual([]);
  });
}
