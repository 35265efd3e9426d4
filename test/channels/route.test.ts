import { describe, expect, it } from '@jest/globals';
import { type KnownRoutes, type Route, route } from '../../src/channels/route.ts';

const telegram = { channel: 'telegram', to: '42' };
const slack = { channel: 'slack', to: '#owner' };
const last = { channel: 'last' };

const cases: [string, Route, Omit<KnownRoutes, 'configured'>, string[], unknown][] = [
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
    'a named channel that is not configured is not replaced',
    slack,
    { owner: telegram },
    ['telegram'],
    { skipped: 'channel "slack" is not configured' },
  ],
];

describe('the route of a reply', () => {
  it.each(cases)('%s', (_, request, known, configured, expected) => {
    expect(route(request, { ...known, configured: new Set(configured) })).toStrictEqual(expected);
  });
});
