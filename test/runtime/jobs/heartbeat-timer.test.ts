import fs from 'node:fs';
import path from 'node:path';
import { expect, it } from '@jest/globals';
import { eventually } from '../../support/eventually.ts';
import { fakeClock } from '../../support/fake-clock.ts';
import type { TestGateway } from '../../support/gateway.ts';
import { startModel } from '../../support/model.ts';
import { settle, simulated } from '../../support/simulated.ts';

const minute = 60_000;
const beating = (heartbeat: object, checklist?: string, start?: string) =>
  simulated(
    { agents: { defaults: { heartbeat: { every: '1m', ...heartbeat } } } },
    {
      ...(checklist !== undefined && { checklist }),
      ...(start !== undefined && { clock: fakeClock(Date.parse(start)) }),
    },
  );
const checklistOf = (gateway: TestGateway) => path.join(gateway.dir, 'workspace', 'HEARTBEAT.md');
const prompts = async (gateway: TestGateway): Promise<string[]> => (await gateway.beats()).map((beat) => beat.prompt);
const planned = async (gateway: TestGateway) => (await gateway.api('GET', '/heartbeat')).body.heartbeat;

it('the timer beats again and again, each time with HEARTBEAT.md as it is then', async () => {
  const { gateway, pass } = await beating({}, '- [ ] water the plants');
  await pass(2 * minute);
  expect(await prompts(gateway)).toHaveLength(2);
  fs.writeFileSync(checklistOf(gateway), '- [ ] feed the cat');
  await pass(minute);
  const all = await prompts(gateway);
  expect(all[0]).toContain('water the plants');
  expect(all[2]).toContain('feed the cat');
  expect(all[2]).not.toContain('water the plants');
});

it.each([
  ['missing', undefined],
  ['blank', '\n'],
  ['only comments', '<!-- note -->'],
  ['only a rule', '---'],
])(
  'with nothing to read and a checklist that is %s no model is asked until there is something',
  async (_, checklist) => {
    const { gateway, pass } = await beating({}, checklist);
    await pass(5 * minute);
    expect(await gateway.beats()).toEqual([]);
    expect(await planned(gateway)).toMatchObject({
      asksModel: false,
      why: expect.stringContaining('no model is asked'),
    });
    fs.writeFileSync(checklistOf(gateway), '- [ ] look at the sky');
    await pass(minute);
    expect((await prompts(gateway))[0]).toContain('look at the sky');
  },
);

it('a prompt of the owner’s own is asked without a line or a checklist', async () => {
  const { gateway, pass } = await beating({ prompt: 'Say what day it is.' });
  await pass(minute);
  expect((await prompts(gateway))[0]).toContain('Say what day it is.');
});

it('the timer reads a line that waits for it', async () => {
  const { gateway, pass } = await beating({});
  await gateway.post('wake', { text: 'the line for the timer', mode: 'next-heartbeat' });
  expect(await gateway.beats()).toEqual([]);
  await pass(minute);
  expect((await prompts(gateway))[0]).toContain('the line for the timer');
});

it('a beat of the timer is moved to the start of activeHours; a wake is not, and takes the lines that wait along', async () => {
  const activeHours = { start: '11:27', end: '11:28', timezone: 'UTC' };
  const { gateway, clock, pass } = await beating({ every: '90s', activeHours }, undefined, '2026-11-23T11:26:51Z');
  await gateway.post('wake', { text: 'may wait', mode: 'next-heartbeat' });
  expect(await planned(gateway)).toMatchObject({ at: Date.parse('2026-11-23T11:27:00Z'), asksModel: true });
  await pass(8000, 1000);
  expect(await gateway.beats()).toEqual([]);
  await pass(1000, 1000);
  expect((await prompts(gateway))[0]).toContain('may wait');
  await pass(5 * minute);
  await gateway.post('wake', { text: 'later', mode: 'next-heartbeat' });
  await gateway.post('wake', { text: 'fire', mode: 'now' });
  clock.advance(250);
  await settle(gateway, clock);
  expect((await prompts(gateway))[1]).toMatch(/"later".*"fire"/s);
  expect(await planned(gateway)).toMatchObject({
    at: Date.parse('2026-11-24T11:27:00Z'),
    why: expect.stringContaining('activeHours'),
  });
});

it('with every 0m the timer is off and wakes still work; an edited config sets it going without a restart', async () => {
  const { gateway, clock, pass } = await beating({ every: '0m' }, '- [ ] water the plants');
  await pass(30 * minute, 5 * minute);
  expect(await gateway.beats()).toEqual([]);
  await gateway.post('wake', { text: 'only this', mode: 'now' });
  clock.advance(250);
  await settle(gateway, clock);
  expect(await gateway.beats()).toHaveLength(1);
  gateway.writeConfig({ agents: { defaults: { heartbeat: { every: '1m' } } } });
  await gateway.gimli.reload();
  await eventually(async () => (await planned(gateway)).why === 'the timer');
  await pass(2 * minute);
  expect((await gateway.beats()).length).toBeGreaterThanOrEqual(2);
});

it('a gateway that is started again goes on counting from the last look', async () => {
  const { gateway, clock, pass } = await beating({ every: '30m' }, '- [ ] x');
  await pass(30 * minute, 5 * minute);
  const { at } = await planned(gateway);
  expect(at).toBe(clock.now() + 30 * minute);
});

it('24 hours of an idle gateway ask no model; with a checklist they ask 48 times, and no request grows', async () => {
  const model = await startModel(() => '**HEARTBEAT_OK**');
  const agents = {
    ...model.agents,
    defaults: { ...model.agents.defaults, heartbeat: { every: '30m', target: 'none' } },
  };
  const idle = await simulated({ agents });
  await idle.pass(24 * 60 * minute, 10 * minute);
  expect(model.calls).toHaveLength(0);
  const watched = await simulated({ agents }, { checklist: '- If the backup did not report, tell me.' });
  await watched.pass(24 * 60 * minute, 10 * minute);
  expect(model.calls).toHaveLength(48);
  const sizes = model.calls.map(({ messages }) => messages.join('').length);
  expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThan(20);
  expect(model.calls.at(-1)?.messages).toHaveLength(1);
  expect((await watched.gateway.api('GET', '/sessions/main')).status).toBe(404);
});
