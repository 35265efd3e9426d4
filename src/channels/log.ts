import type { Logger } from 'pino';
import type { Channel } from './channel.ts';

/** Writes replies to the gateway's log, at info. Message text is kept out of logs elsewhere; whoever chose this channel wants it there. */
export function createLogChannel(logger: Logger): Channel {
  return {
    async send({ to, text, runId }) {
      logger.info({ channel: 'log', to, runId, reply: text }, 'reply');
    },
  };
}
