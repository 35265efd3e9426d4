import { expect, it } from '@jest/globals';
import { pino } from 'pino';
import { log } from '../../../src/channels/log/log.ts';
import { eventually } from '../../support/eventually.ts';
import { tempGateway } from '../../support/temp-gateway.ts';
import { channelConformance } from '../conformance.ts';

/** The channel on a log that is silent otherwise, and the lines of that. */
function onSilentLog() {
  const lines: string[] = [];
  const silent = pino({ level: 'silent' }, { write: (line: string) => void lines.push(line) });
  return { channel: log.create(undefined, { log: silent }), lines };
}

channelConformance({
  kind: log,
  can: [],
  goodTo: 'anybody at all',
  badTo: [],
  async open() {
    const { channel, lines } = onSilentLog();
    const arrived = () => lines.map((line) => JSON.parse(line)).map(({ to, reply }) => ({ to, text: reply }));
    return { channel, arrived, close: async () => {} };
  },
});

it('the log channel writes a reply as one line at info, with its run and recipient, whatever the level of the log', async () => {
  const { channel, lines } = onSilentLog();
  const { signal } = new AbortController();
  await channel.send({ to: 'me', text: 'first\nsecond', runId: 'r1' }, { deliveryId: 'd1', attempt: 1, signal });
  expect(lines).toHaveLength(1);
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({
    level: 30,
    msg: 'reply',
    channel: 'log',
    to: 'me',
    runId: 'r1',
    reply: 'first\nsecond',
  });
});

it.each(['error', 'silent'])('the log channel of a gateway writes replies at log.level %s', async (level) => {
  const gateway = await tempGateway();
  gateway.writeConfig({ log: { level } });
  await gateway.gimli.reload();
  expect(gateway.gimli.log.level).toBe(level);
  const { body } = await gateway.post('agent', { message: 'x', channel: 'log', wakeMode: 'next-heartbeat' });
  const lines = () => gateway.logs.filter(({ msg, runId }) => msg === 'reply' && runId === body.runId);
  await eventually(() => lines().length === 1);
  expect(await gateway.ended(body.runId)).toMatchObject({
    delivery: { channel: 'log', messageId: null, maybeTwice: false },
  });
});
