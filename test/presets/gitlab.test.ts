import { expect, it } from '@jest/globals';
import { itIgnores, itRenders, renderedChange } from './rendered.ts';

itRenders('gitlab', 'GitLab', {
  push: {
    mapping: 'gitlab:push',
    sessionKey: 'hook:gitlab:ada/analytical-engine',
    says: 'Somebody pushed to one of my projects.',
    fields:
      'Project: ada/analytical-engine\n' +
      'Branch: refs/heads/main (protected)\n' +
      'Pushed by: Grace Hopper\n' +
      'Link: https://gitlab.example.com/ada/analytical-engine/-/commits/0d1a26e67d8f5eaf1f6ba5c57fc3c7d91ac0fd1c\n' +
      '\n' +
      'Commits (2 in all; no more than 20 are listed):\n' +
      '- 5f3c2a91b7d04e6f8a1b2c3d4e5f60718293a4b5 by Grace Hopper: Carry digits in one turn\n' +
      '\n' +
      'The old way took a turn for each column.\n' +
      '\n' +
      '- 0d1a26e67d8f5eaf1f6ba5c57fc3c7d91ac0fd1c by Grace Hopper: Test the carry\n' +
      '\n',
  },
  merge_request: {
    mapping: 'gitlab:merge_request',
    sessionKey: 'hook:gitlab:ada/analytical-engine!42',
    says: 'A merge request needs a look.',
    fields:
      'Project: ada/analytical-engine\n' +
      'Merge request: !42 Print the tables of Bernoulli numbers\n' +
      'What happened: open by Grace Hopper\n' +
      'Branches: note-g into main\n' +
      'State: opened, mergeable\n' +
      'Reviewers: ada\n' +
      'Link: https://gitlab.example.com/ada/analytical-engine/-/merge_requests/42\n' +
      '\n' +
      'Adds the operation cards of note G.\n' +
      '\n' +
      'Closes #7.',
  },
  merge_request_update: {
    mapping: 'gitlab:merge_request_update',
    sessionKey: 'hook:gitlab:ada/analytical-engine!42',
    says: 'New commits came into a merge request.',
    fields:
      'Project: ada/analytical-engine\n' +
      'Merge request: !42 Print the tables of Bernoulli numbers\n' +
      'Pushed by: Grace Hopper\n' +
      'State: opened, ci_still_running\n' +
      'Newest commit: a3f1c9d27be04415c7e0f6a9b8d2c5e4f3a1b0c9 Name the columns of card 21\n' +
      '\n' +
      'Link: https://gitlab.example.com/ada/analytical-engine/-/merge_requests/42',
  },
  issue: {
    mapping: 'gitlab:issue',
    sessionKey: 'hook:gitlab:ada/analytical-engine#7',
    says: 'Something happened to an issue.',
    fields:
      'Project: ada/analytical-engine\n' +
      'Issue: #7 The mill jams when a column overflows\n' +
      'What happened: open by Charles Babbage\n' +
      'Assigned to: grace\n' +
      'Labels: bug mill\n' +
      'Link: https://gitlab.example.com/ada/analytical-engine/-/issues/7\n' +
      '\n' +
      'Add 1 to a column of nines and the crank stops.',
  },
  note: {
    mapping: 'gitlab:note',
    sessionKey: 'hook:gitlab:ada/analytical-engine!42',
    says: 'Somebody commented on a merge request.',
    fields:
      'Project: ada/analytical-engine\n' +
      'On: !42 Print the tables of Bernoulli numbers (opened)\n' +
      'Comment by: Charles Babbage\n' +
      'Link: https://gitlab.example.com/ada/analytical-engine/-/merge_requests/42#note_1244\n' +
      '\n' +
      'Is card 21 the right way round? @ada, could you check it against your notes?',
  },
  pipeline: {
    mapping: 'gitlab:pipeline',
    sessionKey: 'hook:gitlab:ada/analytical-engine:note-g',
    says: 'A pipeline has ended.',
    fields:
      'Project: ada/analytical-engine\n' +
      'Pipeline: 4102, failed after 343 seconds\n' +
      'Started by: merge_request_event of Grace Hopper\n' +
      'Branch: note-g\n' +
      'Merge request: !42 Print the tables of Bernoulli numbers\n' +
      'Commit: ec26c3e57ca3a959ca5aad62de7213c562f8c821 Turn card 21 over\n' +
      '\n' +
      'Link: https://gitlab.example.com/ada/analytical-engine/-/pipelines/4102\n' +
      '\n' +
      'Jobs:\n' +
      '- test / tables: failed (script_failure)\n' +
      '- build / engine: success\n',
  },
});

itIgnores('gitlab', [
  ['a deleted branch', 'push', { after: '0'.repeat(40), checkout_sha: null }],
  ['a tag', 'push', { object_kind: 'tag_push' }],
  ['a label on a merge request', 'merge_request', { 'object_attributes.action': 'update' }],
  ['an edited issue', 'issue', { 'object_attributes.action': 'update' }],
  ['an edited comment', 'note', { 'object_attributes.action': 'update' }],
  ['a pipeline that runs', 'pipeline', { 'object_attributes.status': 'running' }],
  ['a job', 'pipeline', { object_kind: 'build' }],
]);

it('gitlab tells what is particular: a draft, an incident, a push without commits, jobs that all went well', () => {
  expect(renderedChange('gitlab', 'merge_request', { 'object_attributes.draft': true, reviewers: [] })).toMatchObject([
    { fields: expect.stringMatching(/numbers \(draft\)\n.*\nReviewers: none\n/s) },
  ]);
  const incident = { object_kind: 'work_item', 'object_attributes.type': 'Incident', labels: [], assignees: undefined };
  expect(renderedChange('gitlab', 'issue', incident)).toMatchObject([
    { fields: expect.stringMatching(/\nIncident: #7 .*\nAssigned to: nobody\nLabels: none\n/s) },
  ]);
  expect(renderedChange('gitlab', 'push', { commits: [], total_commits_count: 0 })).toMatchObject([
    { fields: expect.stringMatching(/\n\nCommits \(0 in all; no more than 20 are listed\):\n\(none\)\n$/) },
  ]);
  expect(renderedChange('gitlab', 'pipeline', { merge_request: null, builds: [] })).toMatchObject([
    { fields: expect.stringMatching(/\nBranch: note-g\nCommit: .*\nJobs:\n$/s) },
  ]);
});

it.each([
  ['an issue', { issue: { iid: 7, title: 'It jams', state: 'closed' } }, '#7', '#7 It jams (closed)'],
  ['a commit', { commit: { id: 'ec26c3e', message: 'Turn card 21 over' } }, '@ec26c3e', 'ec26c3e Turn card 21 over'],
  ['a snippet', { snippet: { id: 53, title: 'Card 21' } }, ':snippet:53', 'Card 21'],
])('gitlab knows a comment on %s, also of versions that send no action', (what, target, key, shown) => {
  const change = { merge_request: undefined, 'object_attributes.action': undefined, ...target };
  expect(renderedChange('gitlab', 'note', change)).toMatchObject([
    {
      mapping: 'gitlab:note',
      sessionKey: `hook:gitlab:ada/analytical-engine${key}`,
      says: `Somebody commented on ${what}.`,
      fields: expect.stringContaining(`\nOn: ${shown}\n`),
    },
  ]);
});
