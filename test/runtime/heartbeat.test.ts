import fs from 'node:fs';
import path from 'node:path';
import { expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.ts';
import type { TestGateway } from '../support/gateway.ts';
import { type Answers, providerError, startModel } from '../support/model.ts';
import { tempGateway } from '../support/temp-gateway.ts';

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

it('a line that the model will not answer is found, given up and told of, and keeps no other from being read', async () => {
  const stuck = await tempGateway({ agents: model.agents });
  answer = (call) => (call.prompt.includes('POISON') ? { content: '', finishReason: 'refusal' } : 'HEARTBEAT_OK');
  const lines = ['one', 'two', 'POISON', 'three', 'four'];
  for (const line of lines) await wake(line, 'next-heartbeat', stuck);
  await wake('five', 'now', stuck);
  const read = await eventually(async () => {
    const all = (await stuck.beats()).flatMap((beat) => linesOf(beat.prompt));
    return all.some((line) => line.startsWith('A line from wake could not be read (refusal)')) && all;
  });
  expect(read.filter((line) => !line.startsWith('A line from'))).toEqual(['one', 'two', 'three', 'four', 'five']);
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
