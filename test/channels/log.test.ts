import { expect, it } from '@jest/globals';
import { pino } from 'pino';
import { createLogChannel } from '../../src/channels/log.ts';

it('the log channel writes a reply as one line at info, with its run and recipient, whatever the level of the log', async () => {
  const lines: string[] = [];
  const channel = createLogChannel(pino({ level: 'silent' }, { write: (line: string) => lines.push(line) }));
  await channel.send({ to: 'me', text: 'first\nsecond', runId: 'r1' });
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
