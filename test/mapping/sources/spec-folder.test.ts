import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import type { SpecDeps } from '../../../src/mapping/sources/spec.ts';
import { createSpecs } from '../../../src/mapping/sources/spec-folder.ts';
import { eventually } from '../../support/eventually.ts';
import { specText } from '../../support/specs.ts';
import { tempDir } from '../../support/temp-dir.ts';
import { actionsOf, contextOf, textOf } from '../fixtures.ts';

const deps: SpecDeps = {
  resolveModel: (name) => name,
  modelProblem: (name) => (name === 'dead/model' ? 'nobody speaks for it' : undefined),
  runsCommand: () => false,
  usualTools: [],
  maxTextChars: 20_000,
};
const warn = () => {};

/** A folder with its specs, and what was reported of them. */
function folder(files: Record<string, string> = {}) {
  const dir = path.join(tempDir(), 'specs');
  fs.mkdirSync(dir);
  const reported: string[][] = [];
  const file = (name: string) => path.join(dir, name);
  const write = (name: string, text: string) => fs.writeFileSync(file(name), text);
  for (const [name, text] of Object.entries(files)) write(name, text);
  const report = (problems: readonly string[]) => void reported.push(problems.map(withoutFolder));
  const specs = createSpecs({ dir, report, warn, ...deps });
  const withoutFolder = (text: string) => text.replaceAll(dir + path.sep, '');
  return {
    dir,
    file,
    write,
    reported,
    specs,
    /** The message of a spec, or why there is none. */
    says(id: string): string {
      const found = specs.find(id);
      if (!found.mapping) return withoutFolder(found.why);
      if (found.mapping.broken) return withoutFolder(found.mapping.broken.reason);
      const context = contextOf({});
      return actionsOf(found.mapping, context)
        .map((action) => textOf(action, context))
        .join();
    },
    /** Resolves once the last change is so long ago that the next one shows in the times of the file. */
    settled: () =>
      eventually(() => fs.readdirSync(dir).every((name) => Date.now() - fs.statSync(file(name)).ctimeMs > 200)),
  };
}
const ci = (body: string) => specText({ id: 'ci' }, body);
const nobody = 'no spec has this id';

describe('what happened a moment ago counts at once', () => {
  it('a file that was written', () => {
    const { write, says } = folder();
    expect(says('ci')).toBe(nobody);
    write('any name.md', ci('One'));
    expect(says('ci')).toBe('One');
  });

  it('a file that was written again, also with as many bytes', () => {
    const { write, says } = folder({ 'a.md': ci('One') });
    for (const body of ['One', 'Two', 'Ten', 'Three']) {
      write('a.md', ci(body));
      expect(says('ci')).toBe(body);
    }
  });

  it('a file that was replaced by another, with the times and size of the first', async () => {
    const { file, write, says, settled } = folder({ 'a.md': ci('One') });
    write('new', ci('Two'));
    const times = [new Date(0), new Date(0)] as const;
    for (const name of ['a.md', 'new']) fs.utimesSync(file(name), ...times);
    await settled();
    expect(says('ci')).toBe('One');
    fs.renameSync(file('new'), file('a.md'));
    expect(says('ci')).toBe('Two');
  });

  it('a file that was written again and given its old time', async () => {
    const { file, write, says, settled } = folder({ 'a.md': ci('One') });
    fs.utimesSync(file('a.md'), 0, 0);
    await settled();
    expect(says('ci')).toBe('One');
    write('a.md', ci('Two'));
    fs.utimesSync(file('a.md'), 0, 0);
    expect(says('ci')).toBe('Two');
  });

  it('a file that was renamed', () => {
    const { file, says } = folder({ 'a.md': ci('One') });
    expect(says('ci')).toBe('One');
    fs.renameSync(file('a.md'), file('b.md'));
    expect(says('ci')).toBe('One');
    fs.renameSync(file('b.md'), file('b.txt'));
    expect(says('ci')).toBe(nobody);
  });

  it('a file that was deleted', () => {
    const { file, says } = folder({ 'a.md': ci('One') });
    expect(says('ci')).toBe('One');
    fs.rmSync(file('a.md'));
    expect(says('ci')).toBe(nobody);
  });

  it('an id that was changed', () => {
    const { write, says } = folder({ 'a.md': ci('One') });
    expect(says('ci')).toBe('One');
    write('a.md', specText({ id: 'other' }, 'One'));
    expect(says('ci')).toBe(nobody);
    expect(says('other')).toBe('One');
  });

  it('a folder that came, went and came again', () => {
    const { dir, write, says } = folder({ 'a.md': ci('One') });
    fs.rmSync(dir, { recursive: true });
    expect(says('ci')).toBe(nobody);
    fs.mkdirSync(dir);
    write('a.md', ci('Two'));
    expect(says('ci')).toBe('Two');
    fs.rmSync(dir, { recursive: true });
    expect(says('ci')).toBe(nobody);
  });
});

it('a file that has not changed is compiled once', async () => {
  const { specs, settled } = folder({ 'a.md': ci('One'), 'b.md': specText({ id: 'b' }) });
  await settled();
  const first = specs.find('ci');
  specs.find('nobody');
  expect(specs.find('ci').mapping).toBe(first.mapping);
  await settled();
  expect(specs.find('ci').mapping).toBe(first.mapping);
});

it('specs are the files whose name ends in .md and does not begin with a dot', () => {
  const { dir, specs } = folder({ 'a.md': ci('One'), '.b.md': specText({ id: 'b' }), 'c.md~': specText({ id: 'c' }) });
  fs.mkdirSync(path.join(dir, 'folder.md'));
  fs.mkdirSync(path.join(dir, 'below'));
  fs.writeFileSync(path.join(dir, 'below', 'd.md'), specText({ id: 'd' }));
  fs.symlinkSync(path.join(dir, 'nowhere'), path.join(dir, 'dangling.md'));
  const { mappings, problems } = specs.all();
  expect(mappings.map(({ id }) => id)).toEqual(['spec:ci']);
  expect(problems).toEqual([]);
});

it('no folder is no specs', () => {
  const specs = createSpecs({ dir: path.join(tempDir(), 'none'), report: fail, warn, ...deps });
  expect(specs.all()).toEqual({ mappings: [], problems: [], warnings: [] });
});

it('a folder that is none is a problem', () => {
  const dir = path.join(tempDir(), 'specs');
  fs.writeFileSync(dir, '');
  const reported: string[] = [];
  const report = (problems: readonly string[]) => void reported.push(...problems);
  const specs = createSpecs({ dir, report, warn, ...deps });
  specs.all();
  expect(specs.all().problems).toEqual([expect.stringMatching(/^specs\.dir: cannot be read: .*ENOTDIR/)]);
  expect(specs.find('ci').mapping?.broken?.reason).toContain('specs.dir');
  expect(reported).toHaveLength(1);
});

describe('a spec that is broken', () => {
  const broken = '---\nid: ci\nisolate: true\n---\nOne';
  const problem = 'a.md:3: isolate: unknown key; did you mean "isolated"?';

  it('is left out and reported, and the others work', () => {
    const { says, specs, reported } = folder({ 'a.md': broken, 'b.md': specText({ id: 'b' }, 'Bee') });
    expect(says('b')).toBe('Bee');
    expect(reported).toEqual([[problem]]);
    expect(specs.all().problems).toHaveLength(1);
    expect(says('ci')).toBe(`the spec does not load: ${problem}`);
  });

  it('is reported once for each version, not for each call', async () => {
    const { says, write, reported, settled } = folder({ 'a.md': broken });
    for (let call = 0; call < 3; call += 1) says('ci');
    await settled();
    for (let call = 0; call < 3; call += 1) says('ci');
    expect(reported).toHaveLength(1);
    write('a.md', `${broken} and more`);
    for (let call = 0; call < 3; call += 1) says('ci');
    expect(reported).toEqual([[problem], [problem]]);
  });

  it('was a good one before: the good version goes on, until the file is gone', () => {
    const { says, write, file, specs, reported } = folder({ 'a.md': ci('One') });
    expect(says('ci')).toBe('One');
    for (const text of ['no spec at all', 'nor this', broken]) {
      write('a.md', text);
      expect(says('ci')).toBe('One');
    }
    expect(reported.at(-1)).toEqual([problem, 'a.md: the version of before is used']);
    expect(specs.broken()).toMatchObject([{ kind: 'spec', id: 'ci' }]);
    fs.rmSync(file('a.md'));
    expect(says('ci')).toBe(nobody);
    write('a.md', ci('Two'));
    expect(says('ci')).toBe('Two');
  });
});

describe('an id that two files have', () => {
  const clash =
    'a.md and b.md: expected an id of its own for each, found "ci" in all; none of them is used, but for one that had it before';

  it('is nobody’s, and both are named', () => {
    const { says, specs, reported } = folder({ 'a.md': ci('One'), 'b.md': ci('Two'), 'c.md': specText({ id: 'c' }) });
    expect(says('ci')).toBe(`the spec does not load: ${clash}`);
    expect(says('ci')).toBe(`the spec does not load: ${clash}`);
    expect(specs.all().mappings.map(({ id }) => id)).toEqual(['spec:c']);
    expect(reported).toEqual([[clash]]);
  });

  it('is noticed when the second file comes, and over when one of them goes', async () => {
    const { file, write, says, settled, reported, specs } = folder({ 'a.md': ci('One') });
    await settled();
    expect(says('ci')).toBe('One');
    write('b.md', ci('Two'));
    expect(says('ci')).toBe('One');
    expect(specs.broken()).toMatchObject([{ kind: 'spec', id: 'ci' }]);
    fs.rmSync(file('a.md'));
    expect(says('ci')).toBe('Two');
    write('a.md', ci('One'));
    expect(says('ci')).toBe('Two');
    expect(reported).toEqual([[clash], [clash]]);
  });

  it('is that of the one that loads, where the other is broken', () => {
    const { says } = folder({ 'a.md': ci('One'), 'b.md': specText({ id: 'ci', isolate: true }) });
    expect(says('ci')).toBe('One');
  });
});

function fail(problems: readonly string[]): void {
  throw new Error(problems.join('\n'));
}

it('a spec that names a model which nothing can answer for loads, and its owner is warned once of each version', () => {
  const dir = path.join(tempDir(), 'specs');
  fs.mkdirSync(dir);
  const file = path.join(dir, 'ci.md');
  fs.writeFileSync(file, '---\nid: ci\nmodel: dead/model\n---\nx');
  const warned: string[] = [];
  const specs = createSpecs({ dir, report: fail, warn: (line) => void warned.push(line), ...deps });
  const line = `${file}:3: model: nobody speaks for it`;
  expect(specs.all().warnings).toEqual([line]);
  expect(specs.all().mappings.map(({ id }) => id)).toEqual(['spec:ci']);
  expect(warned).toEqual([line]);
  fs.writeFileSync(file, '---\nid: ci\nmodel: good/model\n---\nx');
  expect(specs.all().warnings).toEqual([]);
});
