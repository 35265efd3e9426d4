import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { ConfigError } from '../../../src/domain/errors.ts';
import { loadPreset, missingPreset, shippedPresets } from '../../../src/mapping/sources/preset.ts';
import { tempDir } from '../../support/temp-dir.ts';
import { actionsOf, contextOf, mappingOf, textOf } from '../fixtures.ts';

/** Sends a payload to a preset: what the first mapping that matches makes of it, or why none does. */
function send(name: string, body: unknown, headers: Record<string, string> = {}) {
  const context = contextOf(body, { headers, path: name });
  const mappings = loadPreset(name).mappings.map((rule) => mappingOf(rule));
  const mapping = mappings.find((candidate) => candidate.path === name && candidate.match(context) === null);
  if (!mapping) return mappings.map((candidate) => candidate.match(context));
  return actionsOf(mapping, context).map((action) => ({
    sessionKey: action.kind === 'agent' ? action.sessionKey : undefined,
    name: action.kind === 'agent' ? action.name : undefined,
    text: textOf(action, context),
  }));
}

function sample(preset: string, name: string) {
  const found = loadPreset(preset).samples[name];
  if (!found) throw new Error(`${preset} has no sample ${name}`);
  return { body: found.body as Record<string, unknown>, headers: found.headers ?? {} };
}

const repository = 'Repository: ada/analytical-engine';

/** What is said after the instructions, by sample. */
const rendered: Record<string, Record<string, readonly { sessionKey: unknown; text: string }[]>> = {
  gmail: {
    batch: [
      {
        sessionKey: 'hook:gmail:18c2f0a1b3d4e5f6',
        text:
          'From: Grace Hopper <grace@example.org>\nSubject: Contract for the compiler work\n' +
          'Snippet: Hi Ada, the contract is attached. Could you sign it by Thursday?\n\n' +
          'Hi Ada,\n\nthe contract is attached. Could you sign it by Thursday?\n\nGrace',
      },
      {
        sessionKey: 'hook:gmail:18c2f0b7c8d9e0a1',
        text:
          'From: Trains <noreply@trains.example>\nSubject: Your train at 17:42 is late\n' +
          'Snippet: Expected departure 18:05 from platform 7 <b>(changed)</b>\n\n' +
          'Expected departure 18:05 from platform 7 <b>(changed)</b>.',
      },
      {
        sessionKey: expect.stringMatching(/^hook:gmail:[0-9a-f-]{36}$/),
        text:
          'From: Charles <charles@example.net>\nSubject: Lunch?\nSnippet: Are you free on Friday?\n\n' +
          'Are you free on Friday?',
      },
    ],
  },
  github: {
    push: [
      {
        sessionKey: 'hook:github:ada/analytical-engine',
        text:
          `${repository}\nBranch: refs/heads/main\nPushed by: grace\n` +
          'Compare: https://github.com/ada/analytical-engine/compare/6113728f27ae...0d1a26e67d8f\n\nCommits:\n' +
          '- 5f3c2a91b7d04e6f8a1b2c3d4e5f60718293a4b5 by Grace Hopper: Carry digits in one turn\n\n' +
          'The old way took a turn for each column.\n' +
          '- 0d1a26e67d8f5eaf1f6ba5c57fc3c7d91ac0fd1c by Grace Hopper: Test the carry\n',
      },
    ],
    pull_request: [
      {
        sessionKey: 'hook:github:ada/analytical-engine#42',
        text:
          `${repository}\nPull request: #42 Print the tables of Bernoulli numbers\nWhat happened: opened by grace\n` +
          'Author: grace\nBranches: grace:note-g into main\nSize: +210 -14 in 5 files\n' +
          'Link: https://github.com/ada/analytical-engine/pull/42\n\nAdds the operation cards of note G.\n\nCloses #7.',
      },
    ],
    issues: [
      {
        sessionKey: 'hook:github:ada/analytical-engine#7',
        text:
          `${repository}\nIssue: #7 The mill jams when a column overflows\nWhat happened: opened by charles\n` +
          'Author: charles\nLabels: bug mill\nLink: https://github.com/ada/analytical-engine/issues/7\n\n' +
          'Add 1 to a column of nines and the crank stops.',
      },
    ],
    issue_comment: [
      {
        sessionKey: 'hook:github:ada/analytical-engine#42',
        text:
          `${repository}\nOn: #42 Print the tables of Bernoulli numbers (open)\nComment by: charles\n` +
          'Link: https://github.com/ada/analytical-engine/pull/42#issuecomment-492700400\n\n' +
          'Is card 21 the right way round? @ada, could you check it against your notes?',
      },
    ],
    workflow_run: [
      {
        sessionKey: 'hook:github:ada/analytical-engine:CI',
        text:
          `${repository}\nWorkflow: CI (run 118, attempt 1)\nConclusion: failure\nStarted by: pull_request of grace\n` +
          'Branch: note-g\nCommit: ec26c3e57ca3a959ca5aad62de7213c562f8c821 Turn card 21 over\n' +
          'Link: https://github.com/ada/analytical-engine/actions/runs/4102938475',
      },
    ],
    release: [
      {
        sessionKey: 'hook:github:ada/analytical-engine:v2.0.0',
        text:
          `${repository}\nRelease: Two mills (v2.0.0)\nPublished by: ada\n` +
          'Link: https://github.com/ada/analytical-engine/releases/tag/v2.0.0\n\n' +
          '- A second mill\n- Cards of the first edition no longer fit',
      },
    ],
  },
};

const instructions: Record<string, string> = {
  batch:
    'A new mail has arrived in my inbox. Tell me in a few sentences who wrote, what they want and by when. Put it first ' +
    'if I have to do something; say so in one line if I do not. Do not answer the mail.',
  push:
    'Somebody pushed to one of my repositories. Sum up in two or three sentences what changed and why, going by the commit ' +
    'messages. Point out what looks risky, such as a forced push or a change without a reason given.',
  pull_request:
    'A pull request needs a look. Tell me what it is about and what it asks of me: a review, a decision, or nothing. If I ' +
    'have read about it before, say only what is new.',
  issues:
    'Something happened to an issue. Tell me what it is about, how urgent it looks, and what a good next step would be. If ' +
    'details are missing, name them.',
  issue_comment:
    'Somebody commented on a pull request. Tell me what they say and whether they wait for an answer from me; if so, ' +
    'suggest one.',
  workflow_run:
    'A workflow run has ended. If it did not succeed, tell me which workflow broke on which branch, since which commit, and ' +
    'where to look. If it did, one short line is enough.',
  release:
    'A release was published. Sum up what is new for those who use it, and list what breaks or has to be done when updating.',
};

describe('the shipped presets', () => {
  it('are all tested here, with all their samples', () => {
    expect(Object.keys(rendered).sort()).toEqual(shippedPresets().sort());
    for (const name of shippedPresets()) {
      expect(Object.keys(rendered[name] ?? {})).toEqual(Object.keys(loadPreset(name).samples));
    }
  });

  const cases = Object.entries(rendered).flatMap(([preset, samples]) =>
    Object.entries(samples).map(([name, expected]) => [preset, name, expected] as const),
  );
  it.each(cases)('%s says this of its sample %s', (preset, name, expected) => {
    const { body, headers } = sample(preset, name);
    expect(send(preset, body, headers)).toEqual(
      expected.map(({ sessionKey, text }) => ({
        sessionKey,
        name: preset === 'gmail' ? 'Gmail' : 'GitHub',
        text: `${instructions[name]}\n\n${text}`,
      })),
    );
  });

  it('take bodies of 5 MiB', () => {
    const limits = shippedPresets().flatMap((name) => loadPreset(name).mappings.map((rule) => rule.maxBodyBytes));
    expect(new Set(limits)).toEqual(new Set([5 * 1024 * 1024]));
  });

  it.each<[string, string, Record<string, unknown>]>([
    ['a deleted branch', 'push', { deleted: true }],
    ['a tag', 'push', { ref: 'refs/tags/v1' }],
    ['a label on a pull request', 'pull_request', { action: 'labeled' }],
    ['an edited issue', 'issues', { action: 'edited' }],
    ['a deleted comment', 'issue_comment', { action: 'deleted' }],
    ['a workflow that begins', 'workflow_run', { action: 'requested' }],
    ['a release that is only created', 'release', { action: 'created' }],
  ])('github has nothing to say of %s', (_, name, change) => {
    const { body, headers } = sample('github', name);
    const misses = send('github', { ...body, ...change }, headers);
    expect(misses).toEqual(misses.map(() => expect.stringMatching(/^match\./)));
  });

  it('github has nothing to say of a ping', () => {
    expect(send('github', { zen: 'Keep it logically awesome.', hook_id: 1 }, { 'x-github-event': 'ping' })).toContain(
      'match.headers.x-github-event: wanted "push", found "ping"',
    );
  });

  it('github tells what is particular: a merge, a new branch without commits, a comment on an issue', () => {
    const closed = sample('github', 'pull_request');
    const pull = { ...(closed.body.pull_request as object), merged: true };
    expect(send('github', { ...closed.body, action: 'closed', pull_request: pull }, closed.headers)).toMatchObject([
      { text: expect.stringContaining('What happened: closed by grace (merged)\n') },
    ]);
    const push = sample('github', 'push');
    expect(send('github', { ...push.body, created: true, commits: [] }, push.headers)).toMatchObject([
      { text: expect.stringMatching(/Branch: refs\/heads\/main \(new\)\n.*\nCommits:\n\(none\)\n$/s) },
    ]);
    const comment = sample('github', 'issue_comment');
    const { pull_request: _, ...issue } = comment.body.issue as Record<string, unknown>;
    expect(send('github', { ...comment.body, issue }, comment.headers)).toMatchObject([
      { text: expect.stringMatching(/^Somebody commented on an issue\. /) },
    ]);
  });
});

describe('a preset file', () => {
  const dir = tempDir();
  const write = (text: string) => {
    const file = path.join(dir, 'shop.json5');
    fs.writeFileSync(file, text);
    return file;
  };

  it('is named after its file', () => {
    const file = write(
      '{ description: "x", mappings: [{ match: { path: "shop" }, messageTemplate: "hi" }], samples: {} }',
    );
    expect(loadPreset(file)).toMatchObject({ name: 'shop', mappings: [{ messageTemplate: 'hi' }] });
  });

  it('has all its mistakes told with their lines', () => {
    const file = write(
      '{\n  description: "x",\n  mappings: [\n    { messageTemplate: "x", nam: "y" },\n    { action: "wake" },\n  ],\n}',
    );
    expect(() => loadPreset(file)).toThrow(ConfigError);
    const places = (problems: readonly string[]) => problems.map((line) => line.replace(/^.*shop\.json5:/, ''));
    try {
      loadPreset(file);
    } catch (error) {
      expect(places((error as ConfigError).problems)).toEqual([
        expect.stringMatching(/^1: samples: missing/),
        expect.stringMatching(/^4: mappings\[0\]\.nam: unknown key; did you mean "name"/),
        expect.stringMatching(/^5: mappings\[1\]: .*needs a textTemplate or a transform/),
      ]);
    }
    expect(() => loadPreset(write('{ description: }'))).toThrow(/shop\.json5:1: /);
  });

  it('that is not there is told together with those that are', () => {
    expect(missingPreset('gmial')).toBe('there is no preset "gmial"; there are github, gmail');
    expect(missingPreset('__proto__')).toMatch(/^there is no preset/);
    expect(missingPreset(path.join(dir, 'none.json5'))).toMatch(/^there is no file .*none\.json5$/);
    expect(missingPreset(`${dir}/`)).toMatch(/ is no file; expected one such as "\.\/presets\/shop\.json5"$/);
    expect(() => loadPreset(`${dir}/`)).toThrow(ConfigError);
    expect(missingPreset('gmail')).toBeNull();
    expect(() => loadPreset('gmial')).toThrow(new ConfigError(['there is no preset "gmial"; there are github, gmail']));
  });
});
