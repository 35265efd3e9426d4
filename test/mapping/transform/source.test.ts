import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import type { TransformSpec } from '../../../src/mapping/transform/transform.ts';
import { transformFolders } from '../transform-folders.ts';

const folders = transformFolders();

describe('a transform module', () => {
  it('may be TypeScript or JavaScript of any kind, anywhere in the folder', async () => {
    const kinds = ['a.js', 'a.mjs', 'a.cjs', 'sub/a.ts', 'json.ts'].map((module) => ({ module }));
    const { transforms, run } = folders.make({
      'a.js': 'export default () => ({ name: "js" });',
      'a.mjs': 'export default () => ({ name: "mjs" });',
      'a.cjs': 'const b = require("./b.cjs"); module.exports = () => b;',
      'b.cjs': 'exports.name = "cjs";',
      'sub/a.ts': `import { defineTransform } from 'gimli';
        export default defineTransform<{ a: string }>(() => ({ name: 'ts' }));`,
      'json.ts': 'import data from "./data.json" with { type: "json" }; export default () => data;',
      'data.json': '{"name":"json"}',
    });
    expect(await transforms.check(kinds, true)).toEqual(kinds.map(() => null));
    const patches = await Promise.all(kinds.map((kind) => run(kind)));
    expect(patches.map((patch) => patch?.name)).toEqual(['js', 'mjs', 'cjs', 'ts', 'json']);
  });

  it('may have several transforms', async () => {
    const { transforms, run } = folders.make({
      'a.js': 'export const one = () => ({ name: "1" }); export const two = () => ({ name: "2" });',
    });
    const [one, two] = [
      { module: 'a.js', export: 'one' },
      { module: 'a.js', export: 'two' },
    ];
    await transforms.check([one, two], true);
    expect([await run(one), await run(two), await run(one)]).toEqual([{ name: '1' }, { name: '2' }, { name: '1' }]);
  });

  it('may be a link that stays inside the folder', async () => {
    const { dir, transforms, run } = folders.make({ 'sub/a.ts': 'export default () => ({ name: "a" });' });
    fs.symlinkSync('sub/a.ts', path.join(dir, 'link.ts'));
    expect(await transforms.check([{ module: 'link.ts' }], true)).toEqual([null]);
    expect(await run({ module: 'link.ts' })).toEqual({ name: 'a' });
  });

  const refusals: readonly (readonly [title: string, spec: TransformSpec, message: string])[] = [
    [
      'an unknown export',
      { module: 'a.ts', export: 'no' },
      'a.ts has no export "no" (it exports count, default); wanted',
    ],
    ['an export that only a prototype has', { module: 'a.ts', export: 'toString' }, 'a.ts has no export "toString"'],
    [
      'an export of another type',
      { module: 'a.ts', export: 'count' },
      'a.ts exports "count" as a value of type number',
    ],
    ['no file', { module: 'b.ts' }, 'module "b.ts" does not exist; wanted a path inside hooks.transformsDir'],
    ['an absolute path', { module: '/etc/a.ts' }, 'module "/etc/a.ts" is absolute'],
    ['a home directory', { module: '~/a.ts' }, 'module "~/a.ts" starts in a home directory'],
    ['a way up', { module: 'sub/../../a.ts' }, 'module "sub/../../a.ts" climbs out with ".."'],
    ['a way up with backslashes', { module: '..\\a.ts' }, 'climbs out with ".."'],
    ['a scheme', { module: 'file:///etc/a.ts' }, 'has a scheme or drive'],
    ['a link that leaves the folder', { module: 'link.ts' }, 'outside.ts, outside'],
    ['a linked folder outside', { module: 'up/outside.ts' }, 'outside.ts, outside'],
    ['another kind of file', { module: 'a.py' }, 'module "a.py" is no .ts, .js, .mjs or .cjs file'],
    ['a syntax error in TypeScript', { module: 'bad.ts' }, 'bad.ts:2)'],
    ['a syntax error in JavaScript', { module: 'bad.js' }, 'bad.js:2)'],
    ['an import that is broken', { module: 'imports-bad.ts' }, '/bad.ts:2)'],
    ['an import that is missing', { module: 'imports-none.ts' }, 'Cannot find module'],
    ['an enum', { module: 'enum.ts' }, 'TypeScript enum is not supported in strip-only mode ('],
    ['an error while it is loaded', { module: 'throws.ts' }, 'too early ('],
  ];
  const refused = (async () => {
    const { dir, transforms } = folders.make({
      'a.ts': 'export default () => null; export const count = 1;',
      'bad.ts': 'const a = 1;\nexport default (x: {) => 1;',
      'bad.js': 'const a = 1;\nexport default (x => { ;',
      'imports-bad.ts': 'import "./bad.ts";',
      'imports-none.ts': 'import "./none.ts";',
      'enum.ts': 'enum A { B }\nexport default () => null;',
      'throws.ts': '\nthrow new Error("too early");',
    });
    fs.writeFileSync(path.join(folders.root, 'outside.ts'), 'export default () => null;');
    fs.symlinkSync(path.join(folders.root, 'outside.ts'), path.join(dir, 'link.ts'));
    fs.symlinkSync(folders.root, path.join(dir, 'up'));
    const specs = refusals.map(([, spec]) => spec);
    return transforms.check(specs, true);
  })();

  it.each(refusals.map(([title, , message], at) => [title, message, at] as const))(
    'is refused for %s',
    async (_, message, at) => {
      expect((await refused)[at]).toEqual(expect.stringContaining(message));
    },
  );

  it('is refused in a folder that does not exist', async () => {
    const { dir, transforms } = folders.make({});
    fs.rmdirSync(dir);
    const problems = await transforms.check([{ module: 'a.ts' }], true);
    expect(problems).toEqual([expect.stringContaining('module "a.ts" does not exist')]);
  });
});

describe('an edit', () => {
  const source = 'import { word } from "./lib/word.js"; export default () => ({ name: word });';
  const spec = { module: 'a.ts' };

  async function edited() {
    const problems: (readonly string[])[] = [];
    const reloads: number[] = [];
    const made = folders.make(
      { 'a.ts': source, 'lib/word.js': 'export const word = "one";' },
      { onReload: () => reloads.push(1), onRefused: (found) => problems.push(found) },
    );
    await made.transforms.check([spec], true);
    expect(await made.run(spec)).toEqual({ name: 'one' });
    return { ...made, problems, reloads };
  }

  it('of a module counts from the next event on', async () => {
    const { write, run, reloads } = await edited();
    write('a.ts', 'export default () => ({ name: "edited" });');
    expect(await run(spec)).toEqual({ name: 'edited' });
    expect(reloads).toHaveLength(1);
  });

  it('of an imported file counts from the next event on, even with the same size and time', async () => {
    const { dir, write, run } = await edited();
    const file = path.join(dir, 'lib/word.js');
    const { atime, mtime } = fs.statSync(file);
    write('lib/word.js', 'export const word = "two";');
    fs.utimesSync(file, atime, mtime);
    expect(await run(spec)).toEqual({ name: 'two' });
  });

  it('that is broken keeps the last good version, in new threads as well, and is told once', async () => {
    const { dir, write, run, problems } = await edited();
    write('a.ts', `${source}\nfor (;;`);
    fs.rmSync(path.join(dir, 'lib'), { recursive: true });
    expect(await Promise.all(Array.from({ length: 8 }, () => run(spec)))).toEqual(new Array(8).fill({ name: 'one' }));
    expect(problems).toEqual([[expect.stringMatching(/a\.ts:2\)$/)]]);

    write('a.ts', 'export default () => ({ name: "mended" });');
    expect(await run(spec)).toEqual({ name: 'mended' });
    expect(problems).toHaveLength(1);
  });

  it('lets the calls under way end with the version they began with', async () => {
    const { dir, write, run } = await edited();
    const [started, release] = [path.join(dir, 'started'), path.join(dir, 'release')];
    write(
      'a.ts',
      `import fs from 'node:fs';
      export default async () => {
        fs.writeFileSync(${JSON.stringify(started)}, '');
        while (!fs.existsSync(${JSON.stringify(release)})) await new Promise((next) => setImmediate(next));
        return { name: 'slow' };
      };`,
    );
    const slow = run(spec);
    while (!fs.existsSync(started)) await new Promise((next) => setImmediate(next));
    write('a.ts', 'export default () => ({ name: "fast" });');
    expect(await run(spec)).toEqual({ name: 'fast' });
    write('release', '');
    expect(await slow).toEqual({ name: 'slow' });
  });

  it('has to load what the table in use needs, not what a refused one would have', async () => {
    const { transforms, write, run, problems } = await edited();
    const other = { module: 'other.ts' };
    write('other.ts', 'export default () => ({ name: "other" });');
    expect(await transforms.check([other], false)).toEqual([null]);
    expect(await transforms.check([other, { module: 'none.ts' }], true)).toHaveLength(2);
    write('other.ts', 'broken');
    expect(await run(spec)).toEqual({ name: 'one' });
    expect(problems).toEqual([]);
    write('a.ts', 'broken');
    await transforms.refresh();
    expect(problems).toHaveLength(1);
  });
});
