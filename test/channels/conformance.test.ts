import { describe, expect, it } from '@jest/globals';
import type { Channel } from '../../src/channels/channel.ts';
import { DeliveryError } from '../../src/channels/delivery-error.ts';
import { channelConformance, shortcomings } from './conformance.ts';
import { wire, wireSubject } from './wire.ts';

channelConformance(wireSubject());

const anySignal = () => new AbortController().signal;

/** The channel with another error in place of its own. */
function failing(change: (error: DeliveryError, text: string) => Error): (channel: Channel) => Channel {
  return ({ send }) => ({
    send: (message, sending) =>
      send(message, sending).catch((error) => {
        throw error instanceof DeliveryError ? change(error, message.text) : error;
      }),
  });
}

const broken: [string, (channel: Channel) => Channel, string[]][] = [
  [
    'sends twice',
    ({ send }) => ({
      async send(message, sending) {
        await send(message, sending);
        return send(message, sending);
      },
    }),
    [
      'has sent a message, once and whole, when it says so',
      'keeps messages apart that are sent at once',
      'sends again after a refusal',
    ],
  ],
  [
    'cuts a message short',
    ({ send }) => ({ send: (message, sending) => send({ ...message, text: message.text.slice(0, 10) }, sending) }),
    ['has sent a message, once and whole, when it says so', 'sends again after a refusal'],
  ],
  [
    'says that it has sent what is still under way',
    ({ send }) => ({
      async send(message, sending) {
        void send(message, sending).catch(() => {});
        return {};
      },
    }),
    [
      'has sent a message, once and whole, when it says so',
      'keeps messages apart that are sent at once',
      'sends nothing once its signal has aborted, and gives the reason',
      'breaks off when its signal aborts, and gives the reason',
      'says of what time cannot mend that it is so, and what would mend it',
      'says of what time can mend how long the messenger asked to wait',
      'repeats nothing of a message in its own words about it',
      'sends again after a refusal',
    ],
  ],
  [
    'gives an empty id',
    ({ send }) => ({
      async send(message, sending) {
        await send(message, sending);
        return { messageId: '' };
      },
    }),
    ['gives of what was sent an id that says something, or none'],
  ],
  [
    'does not heed its signal',
    ({ send }) => ({ send: (message, sending) => send(message, { ...sending, signal: anySignal() }) }),
    [
      'sends nothing once its signal has aborted, and gives the reason',
      'breaks off when its signal aborts, and gives the reason',
    ],
  ],
  [
    'looks at its signal only before it begins',
    ({ send }) => ({
      async send(message, sending) {
        sending.signal.throwIfAborted();
        return send(message, { ...sending, signal: anySignal() });
      },
    }),
    ['breaks off when its signal aborts, and gives the reason'],
  ],
  [
    'throws errors that say nothing of themselves',
    failing(({ message }) => new Error(message)),
    [
      'says of what time cannot mend that it is so, and what would mend it',
      'says of what time can mend how long the messenger asked to wait',
    ],
  ],
  [
    'has everything tried again',
    failing(({ message }) => new DeliveryError(message, { retryable: true, retryAfterMs: 7000 })),
    ['says of what time cannot mend that it is so, and what would mend it'],
  ],
  [
    'does not say how long to wait',
    failing(({ message, retryable }) => new DeliveryError(message, { retryable })),
    ['says of what time can mend how long the messenger asked to wait'],
  ],
  [
    'repeats a message in its errors',
    failing(({ message, retryable, retryAfterMs }, text) => {
      return new DeliveryError(`${message}: ${text}`, { retryable, retryAfterMs });
    }),
    ['repeats nothing of a message in its own words about it'],
  ],
  [
    'cannot be closed twice',
    (channel) => {
      let isClosed = false;
      return {
        ...channel,
        async close() {
          if (isClosed) throw new Error('it is closed');
          isClosed = true;
        },
      };
    },
    ['closes, before and after it has sent, and twice as once'],
  ],
];

describe('the conformance suite', () => {
  it.each(broken)('finds a channel that %s', async (_title, change, found) => {
    expect(await shortcomings(wireSubject(change))).toEqual(found);
  });

  it('finds a channel that takes any recipient', async () => {
    const kind = { ...wire, checkTo: () => undefined };
    expect(await shortcomings(wireSubject(undefined, kind))).toEqual(['knows a recipient by its form']);
  });
});
