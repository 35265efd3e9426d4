import type { Logger } from 'pino';
import type { Channel } from './channel.ts';

/**
 * Writes replies to the gateway's log, whatever its level is: they are no notes about the work, but the work. Message text is kept out
 * of logs elsewhere; whoever chose this channel wants it there.
 */
export function createLogChannel(logger: Logger): Channel {
  const replies = logger.child({}, { level: 'info' });
  return {
    async send({ to, text, runId }) {
      replies.info({ channel: 'log', to, runId, reply: text }, 'reply');
    },
  };
}
