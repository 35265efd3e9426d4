import { expect, it } from '@jest/globals';
import { itIgnores, itRenders, renderedChange } from './rendered.ts';

itRenders('slack', 'Slack', {
  app_mention: {
    mapping: 'slack:app_mention',
    sessionKey: 'hook:slack:C0WORKSHOP:1770020011.004200',
    says: 'Somebody mentioned my assistant in a Slack channel.',
    fields:
      'Workspace: T0ENGINE1\n' +
      'Channel: C0WORKSHOP\n' +
      'From: U0GRACE001\n' +
      'In the thread: 1770020011.004200\n' +
      '\n' +
      '<@U0ASSIST01> when does the printer arrive? The tables are ready.',
  },
  direct_message: {
    mapping: 'slack:direct_message',
    sessionKey: 'hook:slack:D0CHARLES1',
    says: 'Somebody wrote to my assistant in Slack.',
    fields:
      'Workspace: T0ENGINE1\n' +
      'From: U0CHARLES1\n' +
      'With the file: shelf.png (https://engines.slack.com/files/U0CHARLES1/F0SKETCH01/shelf.png)\n' +
      '\n' +
      'Could I have the plans of the second mill by Thursday? A sketch of the shelf is attached.',
  },
});

// Acting on any of these would make the app answer itself, or answer twice.
itIgnores('slack', [
  ['a mention by a bot, itself included', 'app_mention', { 'event.bot_id': 'B0ASSIST01' }],
  ['what it wrote itself', 'direct_message', { 'event.bot_id': 'B0ASSIST01', 'event.subtype': undefined }],
  ['what it wrote itself, as older apps do', 'direct_message', { 'event.subtype': 'bot_message' }],
  ['an edited message', 'direct_message', { 'event.subtype': 'message_changed' }],
  ['a deleted message', 'direct_message', { 'event.subtype': 'message_deleted' }],
  ['a message in a channel', 'direct_message', { 'event.channel_type': 'channel' }],
  ['a reaction', 'direct_message', { 'event.type': 'reaction_added' }],
  ['another kind of call', 'app_mention', { type: 'app_rate_limited' }],
]);

it('slack begins a conversation with a mention outside of a thread, and takes a plain direct message', () => {
  expect(renderedChange('slack', 'app_mention', { 'event.thread_ts': undefined })).toMatchObject([
    {
      sessionKey: 'hook:slack:C0WORKSHOP:1770023640.123459',
      fields: expect.stringMatching(/\nFrom: U0GRACE001\n\n<@U0ASSIST01> when /),
    },
  ]);
  expect(
    renderedChange('slack', 'direct_message', { 'event.subtype': undefined, 'event.files': undefined }),
  ).toMatchObject([
    { mapping: 'slack:direct_message', fields: expect.stringMatching(/\nFrom: U0CHARLES1\n\nCould I have /) },
  ]);
});
