import { expect, it } from '@jest/globals';
import { itIgnores, itRenders, renderedChange } from './rendered.ts';

itRenders('linear', 'Linear', {
  issue_created: {
    mapping: 'linear:issue_created',
    sessionKey: 'hook:linear:9d2b6f4a-1c85-4e3f-a7d0-5e8b3c6f9a12',
    says: 'A new issue came in.',
    fields:
      'Issue: ENG-7 The mill jams when a column overflows\n' +
      'Team: Engine\n' +
      'Created by: Charles\n' +
      'Assigned to: Grace Hopper\n' +
      'State: Todo\n' +
      'Priority: High\n' +
      'Labels: Bug\n' +
      'Link: https://linear.app/engines/issue/ENG-7/the-mill-jams-when-a-column-overflows\n' +
      '\n' +
      'Add 1 to a column of nines and the crank stops.',
  },
  issue_moved: {
    mapping: 'linear:issue_moved',
    sessionKey: 'hook:linear:9d2b6f4a-1c85-4e3f-a7d0-5e8b3c6f9a12',
    says: 'An issue moved on.',
    fields:
      'Issue: ENG-7 The mill jams when a column overflows\n' +
      'Team: Engine\n' +
      'State now: In Progress (started)\n' +
      'Moved by: Grace Hopper\n' +
      'Assigned to: Grace Hopper\n' +
      'Link: https://linear.app/engines/issue/ENG-7/the-mill-jams-when-a-column-overflows',
  },
  issue_updated: {
    mapping: 'linear:issue_updated',
    sessionKey: 'hook:linear:9d2b6f4a-1c85-4e3f-a7d0-5e8b3c6f9a12',
    says: 'An issue was changed.',
    fields:
      'Issue: ENG-7 The mill jams when a column overflows\n' +
      'Team: Engine\n' +
      'Changed by: Charles\n' +
      'Before: {"updatedAt":"2026-02-02T09:14:05.118Z","priority":2,"dueDate":null}\n' +
      'State: In Progress\n' +
      'Assigned to: Grace Hopper\n' +
      'Priority: Urgent\n' +
      'Due: 2026-02-06\n' +
      'Labels: Bug\n' +
      'Link: https://linear.app/engines/issue/ENG-7/the-mill-jams-when-a-column-overflows',
  },
  comment: {
    mapping: 'linear:comment',
    sessionKey: 'hook:linear:9d2b6f4a-1c85-4e3f-a7d0-5e8b3c6f9a12',
    says: 'Somebody wrote a comment, or changed one.',
    fields:
      'Issue: ENG-7 The mill jams when a column overflows\n' +
      'What happened: create by Charles\n' +
      'Link: https://linear.app/engines/issue/ENG-7/the-mill-jams-when-a-column-overflows#comment-2b7f0d6e\n' +
      '\n' +
      'It also jams on card 21. @ada, could you check it against your notes?',
  },
});

itIgnores('linear', [
  ['a removed issue', 'issue_created', { action: 'remove' }],
  ['a pause in the writing of a description', 'issue_updated', { updatedFrom: { description: 'Add 1 to a' } }],
  ['another place in a list', 'issue_updated', { updatedFrom: { sortOrder: -512.4 } }],
  ['a removed comment', 'comment', { action: 'remove' }],
  ['a project', 'issue_created', { type: 'Project' }],
]);

it('linear tells a new assignee, an issue that nobody has, and an edited comment', () => {
  expect(renderedChange('linear', 'issue_updated', { updatedFrom: { assigneeId: null } })).toMatchObject([
    { mapping: 'linear:issue_updated', fields: expect.stringContaining('\nBefore: {"assigneeId":null}\n') },
  ]);
  const bare = { 'data.assignee': undefined, 'data.labels': [], 'data.dueDate': null };
  expect(renderedChange('linear', 'issue_updated', bare)).toMatchObject([
    { fields: expect.stringMatching(/\nAssigned to: nobody\nPriority: Urgent\nLabels: none\n/) },
  ]);
  expect(renderedChange('linear', 'comment', { action: 'update' })).toMatchObject([
    { fields: expect.stringContaining('\nWhat happened: update by Charles\n') },
  ]);
});
