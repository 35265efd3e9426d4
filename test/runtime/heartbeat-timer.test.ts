import fs from 'node:fs';
import path from 'node:path';
import { expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.ts';
import type { TestGateway } from '../support/gateway.ts';
import { tempGateway } from '../support/temp-gateway.ts';

/** A gateway whose timer beats all the time. */
const beating = (heartbeat: object, checklist?: string) =>
  tempGateway({ agents: { defaults: { heartbeat: { every: '50ms', ...heartbeat } } } }, (dir) => {
    fs.mkdirSync(path.join(dir, 'workspace'));
    if (checklist !== undefined) fs.writeFileSync(path.join(dir, 'workspace', 'HEARTBEAT.md'), checklist);
  });
const checklistOf = (gateway: TestGateway) => path.join(gateway.dir, 'workspace', 'HEARTBEAT.md');
const skips = (gateway: TestGateway) => gateway.logs.filter(({ msg }) => msg === 'heartbeat skipped');
const prompts = async (gateway: TestGateway): Promise<string[]> => (await gateway.beats()).map((beat) => beat.prompt);

/** Hours that do not include this one nor the next, so that the test may run at any time. */
const otherHours = () => {
  const hour = (offset: number) => `${String((new Date().getUTCHours() + offset) % 24).padStart(2, '0')}:00`;
  return { start: hour(12), end: hour(13), timezone: 'UTC' };
};

it('the timer beats again and again, each time with HEARTBEAT.md as it is then', async () => {
  const gateway = await beating({}, '- [ ] water the plants');
  await eventually(async () => (await gateway.beats()).length >= 2);
  fs.writeFileSync(checklistOf(gateway), '- [ ] feed the cat');
  const later = await eventually(async () =>
    (await prompts(gateway)).find((prompt) => prompt.includes('feed the cat')),
  );
  expect(later).not.toContain('water the plants');
  expect((await prompts(gateway))[0]).toContain('water the plants');
});

it('the timer beats where there is no HEARTBEAT.md', async () => {
  const gateway = await beating({});
  const [prompt] = await eventually(async () => {
    const all = await prompts(gateway);
    return all.length > 0 && all;
  });
  expect(prompt).toContain('(no data)');
});

it('an empty HEARTBEAT.md skips the timer’s beats until it says something', async () => {
  const gateway = await beating({}, '# Nothing yet\n\n- [ ]\n');
  await eventually(() => skips(gateway).length >= 3);
  expect(skips(gateway)[0]).toMatchObject({ reason: 'nothing to look at' });
  expect(await gateway.beats()).toEqual([]);
  fs.writeFileSync(checklistOf(gateway), '- [ ] look at the sky');
  const [first] = await eventually(async () => {
    const all = await prompts(gateway);
    return all.length > 0 && all;
  });
  expect(first).toContain('look at the sky');
});

it('an empty HEARTBEAT.md does not keep the timer from reading a line that waits for it', async () => {
  const gateway = await beating({ every: '300ms' }, '# Nothing yet');
  await gateway.post('wake', { text: 'the line for the timer', mode: 'next-heartbeat' });
  await eventually(async () => (await prompts(gateway)).some((prompt) => prompt.includes('the line for the timer')));
});

it('outside activeHours the timer skips, lines that wait included; a wake runs and takes them along', async () => {
  const gateway = await beating({ activeHours: otherHours() }, '- [ ] water the plants');
  await gateway.post('wake', { text: 'may wait', mode: 'next-heartbeat' });
  const before = skips(gateway).length;
  await eventually(() => skips(gateway).length >= before + 3);
  expect(skips(gateway)[0]).toMatchObject({ reason: 'outside activeHours' });
  expect(await gateway.beats()).toEqual([]);
  await gateway.post('wake', { text: 'fire', mode: 'now' });
  const [first] = await eventually(async () => {
    const all = await prompts(gateway);
    return all.length > 0 && all;
  });
  expect(first).toMatch(/"may wait".*"fire"/s);
  // The woken beat was the only one: the timer goes on skipping.
  const woken = skips(gateway).length;
  await eventually(() => skips(gateway).length >= woken + 2);
  expect(await gateway.beats()).toHaveLength(1);
});

it('with every 0m the timer is off and wakes still work; an edited config sets it going without a restart', async () => {
  const gateway = await beating({ every: '0m' }, '- [ ] water the plants');
  await gateway.post('wake', { text: 'only this', mode: 'now' });
  await eventually(async () => (await gateway.beats()).length === 1);
  gateway.writeConfig({ agents: { defaults: { heartbeat: { every: '50ms' } } } });
  await eventually(async () => (await gateway.beats()).length >= 3);
});
