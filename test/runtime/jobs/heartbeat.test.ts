import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { eventually } from '../../support/eventually.ts';
import type { TestGateway } from '../../support/gateway.ts';
import { type Answers, providerError, startModel } from '../../support/model.ts';
import { settle, simulated } from '../../support/simulated.ts';
import { tempGateway } from '../../support/temp-gateway.ts';

let answer: Answers = () => 'HEARTBEAT_OK';
const model = await startModel((call) => answer(call));
const gateway = await tempGateway({ agents: model.agents }, (dir) => {
  fs.mkdirSync(path.join(dir, 'workspace'));
  fs.writeFileSync(path.join(dir, 'workspace', 'HEARTBEAT.md'), '# Checklist\n- [ ]\n');
});

const wake = async (text: string, mode: 'now' | 'next-heartbeat', to: TestGateway = gateway): Promise<void> => {
  expect(await to.post('wake', { text, mode })).toMatchObject({ status: 200, body: { ok: true, mode } });
};
/** Wakes main and holds its heartbeat open until the function that it resolves to is called. */
async function busyWith(text: string): Promise<() => void> {
  const gate = Promise.withResolvers<string>();
  const asked = model.calls.length;
  answer = () => gate.promise;
  await wake(text, 'now');
  await eventually(() => model.calls.length > asked);
  answer = () => 'HEARTBEAT_OK';
  return () => gate.resolve('HEARTBEAT_OK');
}
/** The lines inside the fence of a heartbeat's prompt, without their labels. */
const linesOf = (prompt: string): string[] =>
  [...prompt.matchAll(/^inbox\[\d+\][^"\n]*: (".*")$/gm)].map(([, json = '']) => JSON.parse(json));
/** The beats that completed after `before` of them, once they have read `line`. */
async function beatsWith(line: string, before: number, of: TestGateway = gateway) {
  return eventually(async () => {
    const beats = (await of.beats()).slice(before);
    return beats.some((beat) => linesOf(beat.prompt).includes(line)) && beats;
  });
}
const countBeats = async (of: TestGateway = gateway): Promise<number> => (await of.beats()).length;

it('31 lines that wait and one that wakes are one heartbeat with all 32, in order, also where HEARTBEAT.md is empty', async () => {
  const lines = Array.from({ length: 31 }, (_, n) => `line ${n}`);
  for (const line of lines) await wake(line, 'next-heartbeat');
  expect(await countBeats()).toBe(0);
  await wake('now', 'now');
  const beats = await beatsWith('now', 0);
  expect(beats).toHaveLength(1);
  expect(linesOf(beats[0].prompt)).toEqual([...lines, 'now']);
  expect(model.calls[0]?.prompt).toBe(beats[0].prompt);
});

it('wakes that come while main is busy make one heartbeat, and equal lines stay two', async () => {
  const before = await countBeats();
  const finish = await busyWith('something long');
  for (const text of ['the bell rang', 'the bell rang', '  the door opened ']) await wake(text, 'now');
  finish();
  const beats = await beatsWith('the door opened', before);
  const lines = beats.map((beat) => linesOf(beat.prompt));
  expect(lines).toEqual([['something long'], ['the bell rang', 'the bell rang', 'the door opened']]);
});

it('a line is read by one heartbeat only, and a heartbeat remembers the one before', async () => {
  const before = await countBeats();
  answer = () => 'I saw it.';
  await wake('first news', 'now');
  await beatsWith('first news', before);
  await wake('second news', 'now');
  const [, second] = await beatsWith('second news', before);
  expect(linesOf(second.prompt)).toEqual(['second news']);
  expect(model.calls.at(-1)?.messages.slice(-3)).toEqual([
    expect.stringContaining('first news'),
    'I saw it.',
    second.prompt,
  ]);
});

it('a heartbeat that fails keeps its lines for the next', async () => {
  const before = await countBeats();
  answer = () => providerError(400, 'no');
  await wake('must not be lost', 'now');
  const failed = await eventually(async () => {
    const { runs } = (await gateway.api('GET', '/runs?kind=heartbeat&status=error')).body;
    return runs[0];
  });
  expect(failed).toMatchObject({ errorCode: 'provider', attempts: 1 });
  answer = () => 'HEARTBEAT_OK';
  await wake('one more', 'now');
  const beats = await beatsWith('one more', before);
  expect(beats.map((beat) => linesOf(beat.prompt))).toEqual([['must not be lost', 'one more']]);
});

it('a line that comes during a heartbeat and may wait, waits', async () => {
  const before = await countBeats();
  const finish = await busyWith('begin');
  await wake('may wait', 'next-heartbeat');
  finish();
  await beatsWith('begin', before);
  // The end of a heartbeat and the jobs that follow from it are one transaction, so what is not there now will not come.
  expect(await gateway.jobs()).toEqual({ queued: 0, waiting: 0, running: 0, dead: 0 });
  await wake('at once', 'now');
  const beats = await beatsWith('at once', before);
  expect(beats.map((beat) => linesOf(beat.prompt))).toEqual([['begin'], ['may wait', 'at once']]);
});

it('more than 64 KiB are read in several heartbeats that follow each other, nothing lost, nothing twice', async () => {
  const before = await countBeats();
  const long = ['a', 'b', 'c', 'd'].map((letter) => letter.repeat(30_000));
  for (const line of long) await wake(line, 'next-heartbeat');
  await wake('e'.repeat(70_000), 'next-heartbeat');
  await wake('the end', 'now');
  const beats = await beatsWith('the end', before);
  const sizes = beats.map((beat) => linesOf(beat.prompt).map((line) => `${line[0]}${line.length}`));
  expect(sizes).toEqual([['a30000', 'b30000'], ['c30000', 'd30000'], ['e70000'], ['t7']]);
});

it('a model that takes little reads its lines in several heartbeats, none of them cut', async () => {
  const { agents } = model;
  const anthropic = { ...agents.providers.anthropic, contextTokens: 8000 };
  const defaults = { ...agents.defaults, heartbeat: { every: '0m', target: 'none' } };
  const small = await tempGateway({ agents: { ...agents, defaults, providers: { anthropic } } });
  const long = ['a', 'b', 'c', 'd', 'e', 'f'].map((letter) => letter.repeat(4000));
  for (const line of long) await wake(line, 'next-heartbeat', small);
  await wake('the end', 'now', small);
  const beats = await beatsWith('the end', 0, small);
  expect(beats.length).toBeGreaterThan(2);
  expect(beats.flatMap((beat) => linesOf(beat.prompt))).toEqual([...long, 'the end']);
  expect(beats.map(({ warning }) => warning)).toEqual(beats.map(() => null));
});

it('minGapSeconds keeps heartbeats apart and loses no line', async () => {
  const spaced = await tempGateway({ agents: { defaults: { heartbeat: { minGapSeconds: 0.7 } } } });
  await wake('one', 'now', spaced);
  await beatsWith('one', 0, spaced);
  await wake('two', 'now', spaced);
  const beats = await beatsWith('two', 0, spaced);
  expect(beats.map((beat) => linesOf(beat.prompt))).toEqual([['one'], ['two']]);
  expect(beats[1].createdAt - beats[0].createdAt).toBeGreaterThanOrEqual(700);
  expect(beats[1].attempts).toBe(1);
});

describe('a model that gives no usable answer', () => {
  const silent = { every: '0m', target: 'none' };
  const brake = async () => {
    const { agents } = model;
    return simulated({ agents: { ...agents, defaults: { ...agents.defaults, heartbeat: silent } } });
  };
  const alarms = async (of: TestGateway) =>
    (await of.api('GET', '/alarms')).body.alarms.map(
      ({ cause, endedAt }: { cause: string; endedAt: number | null }) => [cause, endedAt === null],
    );
  const hour = 3_600_000;

  it.each([
    ['cuts every reply off', { content: 'Half a sen', finishReason: 'length' }],
    ['refuses everything', { content: '', finishReason: 'refusal' }],
    ['calls every request wrong', providerError(400, 'no')],
  ] as const)('that %s is asked less and less, the owner is told, and the line is kept', async (_, reply) => {
    const before = model.calls.length;
    answer = () => reply;
    const { gateway: stuck, pass } = await brake();
    await wake('ONE', 'now', stuck);
    await pass(10_000, 500);
    expect(model.calls.length - before).toBeLessThanOrEqual(3);
    await pass(24 * hour, 300_000);
    expect(model.calls.length - before).toBeGreaterThanOrEqual(24);
    expect(model.calls.length - before).toBeLessThanOrEqual(32);
    expect(await alarms(stuck)).toEqual([['beats', true]]);
    expect((await stuck.api('GET', '/heartbeat')).body.heartbeat).toMatchObject({ waitingLines: 1, setAside: [] });
    expect(model.calls.slice(before).every(({ prompt }) => linesOf(prompt).join() === 'ONE')).toBe(true);

    answer = () => 'HEARTBEAT_OK';
    await pass(hour, 300_000);
    expect((await stuck.beats()).map((beat) => linesOf(beat.prompt))).toEqual([['ONE']]);
    expect(await alarms(stuck)).toEqual([['beats', false]]);
  });

  it('for one line answers all others; that one is set aside, and shown to the owner', async () => {
    const before = model.calls.length;
    answer = (call) => (call.prompt.includes('POISON') ? { content: '', finishReason: 'refusal' } : 'HEARTBEAT_OK');
    const { gateway: stuck, pass } = await brake();
    for (const line of ['one', 'two', 'POISON', 'three', 'four']) await wake(line, 'next-heartbeat', stuck);
    await wake('five', 'now', stuck);
    await pass(5 * 60_000, 1000);
    const read = (await stuck.beats()).flatMap((beat) => linesOf(beat.prompt));
    expect(read.sort()).toEqual(['five', 'four', 'one', 'three', 'two']);
    expect(model.calls.length - before).toBeLessThanOrEqual(12);
    const { heartbeat } = (await stuck.api('GET', '/heartbeat')).body;
    expect(heartbeat).toMatchObject({ waitingLines: 0, failures: 0, setAside: [{ source: 'wake', text: 'POISON' }] });
    expect(await alarms(stuck)).toEqual([['beats:line', true]]);
    await pass(25 * hour, hour);
    expect(await alarms(stuck)).toEqual([['beats:line', false]]);
  });

  it('after the earlier turns begins anew, since it answers the lines', async () => {
    answer = (call) =>
      call.messages.length > 1 && call.messages.join().includes('POISON')
        ? { content: '', finishReason: 'refusal' }
        : 'I saw it.';
    const { gateway: stuck, pass } = await brake();
    await wake('POISON', 'now', stuck);
    await pass(5000, 500);
    const before = model.calls.length;
    for (const line of ['two', 'three', 'four']) {
      await wake(line, 'now', stuck);
      await pass(10_000, 500);
    }
    expect((await stuck.beats()).flatMap((beat) => linesOf(beat.prompt))).toEqual(['POISON', 'two', 'three', 'four']);
    // Two more than the lines: after the second the turn that is not answered is not shown again.
    expect(model.calls.length - before).toBe(5);
    expect(await alarms(stuck)).toEqual([]);
  });

  it('after the earlier turns begins anew also where a checklist is all it is asked', async () => {
    answer = () => 'I saw it.';
    const heartbeat = { ...silent, every: '30m' };
    const agents = { ...model.agents, defaults: { ...model.agents.defaults, heartbeat } };
    const { gateway: stuck, pass } = await simulated({ agents }, { checklist: '- look' });
    await wake('POISON', 'now', stuck);
    await pass(5000, 500);
    answer = (call) =>
      call.messages.length > 1 && call.messages.join().includes('POISON')
        ? { content: '', finishReason: 'refusal' }
        : 'HEARTBEAT_OK';
    await pass(12 * hour, 300_000);
    expect((await stuck.api('GET', '/runs?kind=heartbeat&status=error')).body.total).toBe(2);
  });

  it('once keeps its earlier turns', async () => {
    answer = () => 'I saw it.';
    const { gateway: stuck, pass } = await brake();
    await wake('my name is ADA', 'now', stuck);
    await pass(5000, 500);
    answer = () => {
      answer = () => 'I saw it.';
      return { content: 'Half a sen', finishReason: 'length' };
    };
    await wake('two', 'now', stuck);
    await pass(20_000, 500);
    await wake('three', 'now', stuck);
    await pass(5000, 500);
    const { messages = [], prompt = '' } = model.calls.at(-1) ?? {};
    expect(linesOf(prompt)).toEqual(['three']);
    expect(messages.flatMap(linesOf)).toEqual(['my name is ADA', 'two', 'three']);
  });
});

it('a line that waits when the clock is set back makes a beat with the next one', async () => {
  answer = () => 'HEARTBEAT_OK';
  const heartbeat = { every: '0m', target: 'none' };
  const {
    gateway: back,
    clock,
    pass,
  } = await simulated({ agents: { ...model.agents, defaults: { ...model.agents.defaults, heartbeat } } });
  await wake('before', 'now', back);
  clock.set(clock.now() - 3_600_000);
  await settle(back, clock);
  await wake('after', 'now', back);
  await pass(10_000, 500);
  expect((await back.beats()).map((beat) => linesOf(beat.prompt))).toEqual([['before', 'after']]);
});

it('outside active hours a wake runs a heartbeat even behind more sleeping lines than one beat reads', async () => {
  const hour = new Date().getUTCHours();
  const at = (later: number) => `${String((hour + later) % 24).padStart(2, '0')}:00`;
  const heartbeat = { activeHours: { start: at(3), end: at(5), timezone: 'UTC' } };
  answer = () => 'HEARTBEAT_OK';
  const asleep = await tempGateway({ agents: { ...model.agents, defaults: { ...model.agents.defaults, heartbeat } } });
  for (const letter of ['a', 'b', 'c']) await wake(letter.repeat(30_000), 'next-heartbeat', asleep);
  await wake('urgent', 'now', asleep);
  await beatsWith('urgent', 0, asleep);
});
