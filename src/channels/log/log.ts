import type { Channel, ChannelDeps, ChannelKind } from '../channel.ts';

/**
 * Writes replies to the gateway's log, whatever its level is: they are no notes about the work, but the work. Message text is kept out
 * of logs elsewhere; whoever chose this channel wants it there.
 */
export const log = {
  name: 'log',
  settings: undefined,
  create(_settings: undefined, deps: ChannelDeps): Channel {
    const replies = deps.log.child({}, { level: 'info' });
    return {
      async send({ to, text, runId }, { signal }) {
        signal.throwIfAborted();
        replies.info({ channel: 'log', to, runId, reply: text }, 'reply');
        return {};
      },
    };
  },
  checkTo: () => undefined,
} as const satisfies ChannelKind;
