import { expect, it } from '@jest/globals';
import { eventually } from '../../support/eventually.ts';
import { type Answers, providerError, startModel } from '../../support/model.ts';
import { tempGateway } from '../../support/temp-gateway.ts';

/** Hook runs answer by what they were asked; main answers with what `main` says. */
let main = 'HEARTBEAT_OK';
const answers: Answers = ({ prompt }) => {
  if (prompt.startsWith('[heartbeat]')) return main;
  if (prompt.includes('fail please')) return providerError(400, 'I cannot');
  if (prompt.includes('acknowledge please')) return '**HEARTBEAT_OK**';
  if (prompt.includes('say nothing')) return ' ';
  return 'Paid the bill.\nIt was 12 euro.';
};
const model = await startModel(answers);
const gateway = await tempGateway({
  agents: { ...model.agents, defaults: { ...model.agents.defaults, heartbeat: { target: 'log', to: 'owner' } } },
  hooks: {
    mappings: [
      { match: { path: 'quiet' }, messageTemplate: 'Read: {{text}}', updateMainSession: 'blocked', deliver: false },
    ],
  },
});

const post = async (payload: object, hook = 'agent'): Promise<string> => (await gateway.post(hook, payload)).body.runId;
const ran = async (payload: object, hook?: string) => gateway.ended(await post(payload, hook));
/** The completed heartbeat whose prompt has the text. */
const beatWith = (text: string) =>
  eventually(async () => (await gateway.beats()).find((beat) => beat.prompt.includes(text)));
const delivery = (runId: string) =>
  eventually(async () => {
    const found = (await gateway.get(`runs/${runId}`)).body.run.delivery;
    return found?.status !== 'pending' && found;
  });
const sent = (runId: string) => gateway.logs.filter((line) => line.msg === 'reply' && line.runId === runId);

it('a completed run puts its name and first line into main’s inbox, and wakes main', async () => {
  const run = await ran({ message: 'pay', name: 'Bills', deliver: false });
  expect(run).toMatchObject({ summary: 'Paid the bill.', outputText: 'Paid the bill.\nIt was 12 euro.' });
  const beat = await beatWith('"Bills: Paid the bill."');
  expect(beat.prompt).toContain(`from run ${run.runId}: "Bills: Paid the bill."`);
  expect(beat.prompt).not.toContain('12 euro');
});

it('a failed run does so too, and says why', async () => {
  const run = await ran({ message: 'fail please', name: 'Broken', deliver: false });
  const beat = await beatWith('Broken failed');
  expect(beat.prompt).toMatch(/"Broken failed \(provider\): .*HTTP 400 api_error/);
  expect(run.delivery).toBeNull();
});

it('with wakeMode next-heartbeat main is not woken, and reads the summary in its next heartbeat', async () => {
  await ran({ message: 'pay', name: 'Patient', deliver: false, wakeMode: 'next-heartbeat' });
  // What follows from a run is written with its end, so a heartbeat that is not asked for now will not be.
  expect(await gateway.jobs()).toEqual({ queued: 0, waiting: 0, running: 0, dead: 0 });
  await gateway.post('wake', { text: 'good morning' });
  expect((await beatWith('good morning')).prompt).toContain('"Patient: Paid the bill."');
});

it('with updateMainSession blocked main hears nothing', async () => {
  await ran({ text: 'secret' }, 'quiet');
  await gateway.post('wake', { text: 'anything new?' });
  expect((await beatWith('anything new?')).prompt).not.toContain('quiet');
});

it.each([
  ['a reply for a channel that is configured is sent', { channel: 'log', to: '+1555' }, 'sent', null],
  [
    'a reply for one that is not is skipped, never sent elsewhere',
    { channel: 'slack' },
    'skipped',
    'channel "slack" is not configured',
  ],
  [
    'an acknowledgement is not sent',
    { channel: 'log', message: 'acknowledge please' },
    'skipped',
    'the reply only acknowledges',
  ],
  ['an empty reply is not sent', { channel: 'log', message: 'say nothing' }, 'skipped', 'the reply is empty'],
])('%s', async (_, payload, status, error) => {
  const run = await ran({ message: 'pay', wakeMode: 'next-heartbeat', ...payload });
  expect(await delivery(run.runId)).toMatchObject({ status, error, channel: payload.channel });
  expect(run.status).toBe('completed');
  const replies = sent(run.runId);
  expect(replies).toHaveLength(status === 'sent' ? 1 : 0);
  if (status === 'sent') expect(replies[0]).toMatchObject({ to: '+1555', reply: 'Paid the bill.\nIt was 12 euro.' });
});

it('deliver false sends nothing, and the session has the exchange all the same', async () => {
  const run = await ran({ message: 'pay', sessionKey: 'hook:kept', deliver: false, wakeMode: 'next-heartbeat' });
  expect(run.delivery).toBeNull();
  await ran({ message: 'and now?', sessionKey: 'hook:kept', deliver: false, wakeMode: 'next-heartbeat' });
  expect(model.calls.find((call) => call.prompt.includes('and now?'))?.messages).toHaveLength(3);
});

it('"last" leads nowhere before main has sent anything, then to where main sent last, never to where a payload did', async () => {
  const lost = await ran({ message: 'pay', wakeMode: 'next-heartbeat' });
  expect(await delivery(lost.runId)).toMatchObject({ status: 'skipped', error: 'no channel configured' });

  main = 'HEARTBEAT_OK but look at this: '.padEnd(400, '!');
  await gateway.post('wake', { text: 'something happened' });
  const beat = await beatWith('something happened');
  const { runs } = (await gateway.api('GET', '/runs?kind=heartbeat&limit=1')).body;
  expect(runs[0].runId).toBe(beat.runId);
  await eventually(() => sent(beat.runId).length === 1);
  expect(sent(beat.runId)[0]).toMatchObject({ to: 'owner', reply: main.replace('HEARTBEAT_OK ', '') });

  const elsewhere = await ran({ message: 'pay', channel: 'log', to: 'a stranger', wakeMode: 'next-heartbeat' });
  expect(await delivery(elsewhere.runId)).toMatchObject({ status: 'sent', to: 'a stranger' });
  const found = await ran({ message: 'pay', wakeMode: 'next-heartbeat' });
  expect(await delivery(found.runId)).toMatchObject({ status: 'sent', channel: 'log', to: 'owner' });
});
