import { expect, it } from '@jest/globals';
import { itIgnores, itRenders, renderedChange } from './rendered.ts';

itRenders('github', 'GitHub', {
  push: {
    mapping: 'github:push',
    sessionKey: 'hook:github:ada/analytical-engine',
    says: 'Somebody pushed to one of my repositories.',
    fields:
      'Repository: ada/analytical-engine\n' +
      'Branch: refs/heads/main\n' +
      'Pushed by: grace\n' +
      'Compare: https://github.com/ada/analytical-engine/compare/6113728f27ae...0d1a26e67d8f\n' +
      '\n' +
      'Commits:\n' +
      '- 5f3c2a91b7d04e6f8a1b2c3d4e5f60718293a4b5 by Grace Hopper: Carry digits in one turn\n' +
      '\n' +
      'The old way took a turn for each column.\n' +
      '- 0d1a26e67d8f5eaf1f6ba5c57fc3c7d91ac0fd1c by Grace Hopper: Test the carry\n',
  },
  pull_request: {
    mapping: 'github:pull_request',
    sessionKey: 'hook:github:ada/analytical-engine#42',
    says: 'A pull request needs a look.',
    fields:
      'Repository: ada/analytical-engine\n' +
      'Pull request: #42 Print the tables of Bernoulli numbers\n' +
      'What happened: opened by grace\n' +
      'Author: grace\n' +
      'Branches: grace:note-g into main\n' +
      'Size: +210 -14 in 5 files\n' +
      'Link: https://github.com/ada/analytical-engine/pull/42\n' +
      '\n' +
      'Adds the operation cards of note G.\n' +
      '\n' +
      'Closes #7.',
  },
  issues: {
    mapping: 'github:issues',
    sessionKey: 'hook:github:ada/analytical-engine#7',
    says: 'Something happened to an issue.',
    fields:
      'Repository: ada/analytical-engine\n' +
      'Issue: #7 The mill jams when a column overflows\n' +
      'What happened: opened by charles\n' +
      'Author: charles\n' +
      'Labels: bug mill\n' +
      'Link: https://github.com/ada/analytical-engine/issues/7\n' +
      '\n' +
      'Add 1 to a column of nines and the crank stops.',
  },
  issue_comment: {
    mapping: 'github:issue_comment',
    sessionKey: 'hook:github:ada/analytical-engine#42',
    says: 'Somebody commented on a pull request.',
    fields:
      'Repository: ada/analytical-engine\n' +
      'On: #42 Print the tables of Bernoulli numbers (open)\n' +
      'Comment by: charles\n' +
      'Link: https://github.com/ada/analytical-engine/pull/42#issuecomment-492700400\n' +
      '\n' +
      'Is card 21 the right way round? @ada, could you check it against your notes?',
  },
  workflow_run: {
    mapping: 'github:workflow_run',
    sessionKey: 'hook:github:ada/analytical-engine:CI',
    says: 'A workflow run has ended.',
    fields:
      'Repository: ada/analytical-engine\n' +
      'Workflow: CI (run 118, attempt 1)\n' +
      'Conclusion: failure\n' +
      'Started by: pull_request of grace\n' +
      'Branch: note-g\n' +
      'Commit: ec26c3e57ca3a959ca5aad62de7213c562f8c821 Turn card 21 over\n' +
      'Link: https://github.com/ada/analytical-engine/actions/runs/4102938475',
  },
  release: {
    mapping: 'github:release',
    sessionKey: 'hook:github:ada/analytical-engine:v2.0.0',
    says: 'A release was published.',
    fields:
      'Repository: ada/analytical-engine\n' +
      'Release: Two mills (v2.0.0)\n' +
      'Published by: ada\n' +
      'Link: https://github.com/ada/analytical-engine/releases/tag/v2.0.0\n' +
      '\n' +
      '- A second mill\n' +
      '- Cards of the first edition no longer fit',
  },
});

itIgnores('github', [
  ['a deleted branch', 'push', { deleted: true }],
  ['a tag', 'push', { ref: 'refs/tags/v1' }],
  ['a label on a pull request', 'pull_request', { action: 'labeled' }],
  ['an edited issue', 'issues', { action: 'edited' }],
  ['a deleted comment', 'issue_comment', { action: 'deleted' }],
  ['a workflow that begins', 'workflow_run', { action: 'requested' }],
  ['a release that is only created', 'release', { action: 'created' }],
  ['a ping', 'push', { zen: 'Keep it logically awesome.' }, { 'x-github-event': 'ping' }],
]);

it('github tells what is particular: a merge, a new branch without commits, a comment on an issue', () => {
  expect(renderedChange('github', 'pull_request', { action: 'closed', 'pull_request.merged': true })).toMatchObject([
    { fields: expect.stringContaining('What happened: closed by grace (merged)\n') },
  ]);
  expect(renderedChange('github', 'push', { created: true, commits: [] })).toMatchObject([
    { fields: expect.stringMatching(/Branch: refs\/heads\/main \(new\)\n.*\nCommits:\n\(none\)\n$/s) },
  ]);
  expect(renderedChange('github', 'issue_comment', { 'issue.pull_request': undefined })).toMatchObject([
    { says: 'Somebody commented on an issue.' },
  ]);
});
