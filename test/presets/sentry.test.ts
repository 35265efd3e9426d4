import { expect, it } from '@jest/globals';
import { itIgnores, itRenders, renderedChange } from './rendered.ts';

itRenders('sentry', 'Sentry', {
  issue: {
    mapping: 'sentry:issue',
    sessionKey: 'hook:sentry:6170820242',
    says: 'My software reports an error that is new, or that is back although it was done with.',
    fields:
      'Project: analytical-engine\n' +
      'Error: RangeError: column 50 does not exist (ANALYTICAL-ENGINE-9)\n' +
      'Where: mill.carry in turnColumn\n' +
      'What happened: created (new)\n' +
      'Level: error\n' +
      'Seen: 3 times by 2 users, first 2026-02-02T09:12:31.204000Z, last 2026-02-02T09:13:58.119000Z\n' +
      'Link: https://engines.sentry.io/issues/6170820242/',
  },
  event_alert: {
    mapping: 'sentry:event_alert',
    sessionKey: 'hook:sentry:6170820242',
    says: 'An error set off one of my alert rules.',
    fields:
      'Rule: More than 10 errors in a minute\n' +
      'Error: RangeError: column 50 does not exist\n' +
      'Where: mill.carry in turnColumn\n' +
      'Level: error\n' +
      'When: 2026-02-02T09:20:07.552000Z\n' +
      'Platform: node\n' +
      'Environment: production\n' +
      'Release: engine@2.0.1\n' +
      'Link: https://engines.sentry.io/issues/6170820242/events/e4874d664c3540c1a32eab185f12c5ab/\n' +
      '\n' +
      'Our part of the stack, newest call last:\n' +
      '- tables/print.js:31 printTable\n' +
      '- mill/carry.js:58 turnColumn\n' +
      'RangeError: column 50 does not exist\n',
  },
  metric_alert: {
    mapping: 'sentry:metric_alert',
    sessionKey: 'hook:sentry:rule:7',
    says: 'A number that Sentry watches for me crossed its limit, or is back within it.',
    fields:
      'What happened: critical\n' +
      'Alert: Critical: Too many errors\n' +
      'Details: 1240 events in the last 10 minutes\n' +
      'Filter: level:error\n' +
      'Rule: Too many errors: count() in 10 minutes\n' +
      'Projects: analytical-engine\n' +
      'Since: 2026-02-02T09:43:00.000000Z\n' +
      'Link: https://engines.sentry.io/alerts/rules/details/7/?alert=12',
  },
});

itIgnores('sentry', [
  ['a resolved issue', 'issue', { action: 'resolved' }],
  ['an assigned issue', 'issue', { action: 'assigned' }],
  ['an installation', 'issue', {}, { 'sentry-hook-resource': 'installation' }],
  ['a comment', 'issue', {}, { 'sentry-hook-resource': 'comment' }],
]);

it('sentry tells of an issue that is back, of an alert without a stack, and of a metric that is well again', () => {
  expect(
    renderedChange('sentry', 'issue', { action: 'unresolved', 'data.issue.substatus': 'regressed' }),
  ).toMatchObject([
    { mapping: 'sentry:issue', fields: expect.stringContaining('\nWhat happened: unresolved (regressed)\n') },
  ]);
  const bare = { 'data.event.exception': undefined, 'data.event.release': null, 'data.event.environment': null };
  expect(renderedChange('sentry', 'event_alert', bare)).toMatchObject([
    { fields: expect.stringMatching(/\nPlatform: node\nLink: .*\n\nOur part of the stack, newest call last:\n$/) },
  ]);
  expect(renderedChange('sentry', 'metric_alert', { action: 'resolved' })).toMatchObject([
    { mapping: 'sentry:metric_alert', fields: expect.stringMatching(/^What happened: resolved\n/) },
  ]);
});
