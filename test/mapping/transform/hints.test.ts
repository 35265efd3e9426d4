import { describe, expect, it } from '@jest/globals';
import { transformFolders } from '../transform-folders.ts';

const folders = transformFolders();

const lib = `export interface Foo { a: string }
type Hidden = string;
export type { Hidden };
export const used = 1;
const kept = 2;
`;

const mistakes: readonly (readonly [title: string, file: string, source: string, problem: RegExp])[] = [
  [
    'a type',
    'type.ts',
    "const a = 1;\nimport { Foo } from './lib.ts'; export default (x: Foo) => null;",
    /does not provide an export named 'Foo' \(.*type\.ts:2\); write import type \{ Foo \}: types are gone when it runs$/,
  ],
  ['a type that is listed', 'listed.ts', "import { Hidden } from './lib.ts';", /write import type \{ Hidden \}/],
  ['a type passed on', 'passed.ts', "export { Foo } from './lib.ts';", /write import type \{ Foo \}/],
  [
    'a type of a package',
    'package.ts',
    "import { Server } from 'node:path';",
    /where Server is a type, write import type/,
  ],
  ['what is not exported', 'kept.ts', "import { kept } from './lib.ts';", /write export before kept there$/],
  ['what is not there', 'gone.ts', "import { gone } from './lib.ts';", /nothing there has the name gone$/],
  [
    'a default that is not there',
    'lone.js',
    "import lib from './cfg/lib.mjs';",
    /write import \{ … \} from '\.\/cfg\/lib\.mjs', or export default … there$/,
  ],
  [
    'a file without its ending',
    'bare.ts',
    "\nimport { used } from './lib';",
    /\(.*bare\.ts:2\); write '\.\/lib\.ts', with its ending$/,
  ],
  [
    'a .ts file by the name of what it compiles to',
    'js.ts',
    "import { used } from './lib.js';",
    /write '\.\/lib\.ts', with its ending$/,
  ],
  [
    'a file one folder up',
    'cfg/up.ts',
    "import { used } from '../lib';",
    /\(.*cfg\/up\.ts:1\); write '\.\.\/lib\.ts', with/,
  ],
  ['a folder', 'folder.ts', "import x from './cfg';", /write '\.\/cfg\/index\.ts', with its ending$/],
  ['a file that is not there', 'none.ts', "\n\nimport './none-such.ts';", /\(.*none\.ts:3\); there is no such file$/],
  [
    'a package that is not installed',
    'npm.ts',
    "import x from 'no-such-package';",
    /\(.*npm\.ts:1\); npm install no-such-package, in the folder/,
  ],
  ['a file as if it were a package', 'dot.ts', "import { used } from 'lib.ts';", /write '\.\/lib\.ts'$/],
  [
    'with require',
    'require.js',
    "const a = 1;\nconst fs = require('fs');",
    /\(.*require\.js:2\); write import … from …; only files named \.cjs/,
  ],
  [
    'to module.exports',
    'cjs.ts',
    'module.exports = () => null;',
    /write export default …; only files named \.cjs are CommonJS$/,
  ],
  ['beside __dirname', 'dirname.ts', 'const here = __dirname;', /write import\.meta\.dirname$/],
];

const exported: readonly (readonly [title: string, file: string, source: string, problem: RegExp])[] = [
  [
    'nothing',
    'x0.ts',
    'const a = 1;',
    /has no export "default" \(it exports nothing\); wanted export default and a function$/,
  ],
  [
    'a function by name only',
    'x1.ts',
    'export function go() { return null; }',
    /\(it exports go\); wanted export default and a function, or transform\.export: "go" in the mapping$/,
  ],
  [
    'an object',
    'x2.ts',
    'export default { go() {} };',
    /exports "default" as a value of type object; wanted a function$/,
  ],
  ['a class', 'x3.ts', 'export default class A {}', /exports "default" as a class; wanted a function$/],
  [
    'an object of CommonJS',
    'x4.cjs',
    'module.exports = { go() {} };',
    /exports "default" as a value of type object; wanted/,
  ],
  [
    'an enum',
    'x5.ts',
    'export enum A { B }',
    /enum is not supported .*\(.*x5\.ts:1\); types are only taken away: write const/,
  ],
  [
    'a namespace',
    'x6.ts',
    'export namespace A { export const b = 1; }',
    /write plain exports, in a file of their own$/,
  ],
  [
    'parameter properties',
    'x7.ts',
    'class A { constructor(private b: string) {} }',
    /declare the field and set it in the constructor$/,
  ],
  ['an import by =', 'x8.ts', "import fs = require('fs');", /write import … from …$/],
  ['an export by =', 'x9.ts', 'export = () => null;', /write export default …$/],
];

describe('the problem of a module', () => {
  const all = [...mistakes, ...exported];
  const problems = (async () => {
    const sources = all.map(([, file, source]) => [file, source] as const);
    const { transforms } = folders.make({
      'lib.ts': lib,
      'cfg/index.ts': '',
      'cfg/lib.mjs': 'export const used = 1;',
      ...Object.fromEntries(sources),
    });
    return transforms.check(
      all.map(([, module]) => ({ module })),
      true,
    );
  })();

  it.each(mistakes.map(([title, , , problem], at) => [title, problem, at] as const))(
    'that imports %s says what would be right',
    async (_, problem, at) => expect((await problems)[at]).toMatch(problem),
  );

  it.each(exported.map(([title, , , problem], at) => [title, problem, mistakes.length + at] as const))(
    'that exports %s says what would be right',
    async (_, problem, at) => expect((await problems)[at]).toMatch(problem),
  );
});
