import { describe, expect, it } from '@jest/globals';
import { pino } from 'pino';
import type { Channel } from '../../src/channels/channel.ts';
import { type Channels, createChannels } from '../../src/channels/channels.ts';
import { type KnownRoutes, type Route, route } from '../../src/channels/route.ts';

const telegram = { channel: 'telegram', to: '42' };
const slack = { channel: 'slack', to: '#owner' };
const last = { channel: 'last' };

const cases: [string, Route, Omit<KnownRoutes, 'channels'>, string[], unknown][] = [
  ['last is main’s own latest delivery', last, { lastOfMain: telegram, owner: slack }, ['telegram', 'slack'], telegram],
  ['last is else the owner', last, { owner: slack }, ['telegram', 'slack', 'whatsapp'], slack],
  ['last is else whatsapp where it is configured', last, {}, ['telegram', 'whatsapp'], { channel: 'whatsapp' }],
  ['last is else nowhere', last, {}, ['telegram'], { skipped: 'no channel configured' }],
  ['a channel that is gone is not the last one', last, { lastOfMain: telegram, owner: slack }, ['slack'], slack],
  [
    'an owner’s channel that is gone is not replaced',
    last,
    { owner: slack },
    ['whatsapp'],
    { skipped: 'channel "slack" is not configured' },
  ],
  [
    'the recipient of the action wins',
    { channel: 'last', to: '7' },
    { lastOfMain: telegram },
    ['telegram'],
    { channel: 'telegram', to: '7' },
  ],
  [
    'a named channel is taken, and nobody else’s recipient',
    { channel: 'telegram' },
    { lastOfMain: telegram },
    ['telegram'],
    { channel: 'telegram' },
  ],
  [
    'a named channel keeps its recipient',
    { channel: 'slack', to: '#ops' },
    { owner: telegram },
    ['slack'],
    { channel: 'slack', to: '#ops' },
  ],
  [
    'a recipient that does not fit the channel that last came to is skipped, with the reason',
    { channel: 'last', to: 'not one' },
    { lastOfMain: telegram },
    ['telegram'],
    { skipped: 'no recipient of the channel "telegram": expected no spaces' },
  ],
  [
    'a named channel that is not configured is not replaced',
    slack,
    { owner: telegram },
    ['telegram'],
    { skipped: 'channel "slack" is not configured' },
  ],
];

/** Channels of which none takes a recipient with a space in it. */
function channelsOf(names: readonly string[]): Channels {
  const create = (): Channel => ({ send: async () => ({}) });
  const checkTo = (to: string) => (to.includes(' ') ? 'expected no spaces' : undefined);
  const kinds = names.map((name) => ({ name, settings: undefined, create, checkTo }));
  return createChannels({}, { log: pino({ level: 'silent' }) }, undefined, kinds);
}

describe('the route of a reply', () => {
  it.each(cases)('%s', (_, request, known, configured, expected) => {
    expect(route(request, { ...known, channels: channelsOf(configured) })).toStrictEqual(expected);
  });
});
