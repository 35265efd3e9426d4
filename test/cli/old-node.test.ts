import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { expect, it } from '@jest/globals';
import { builtCli } from '../support/built-cli.ts';
import { tempDir } from '../support/temp-dir.ts';

/** The first Node on the machine itself that is too old; undefined where there is none. */
function findOldNode(): { file: string; version: string } | undefined {
  const folders = (process.env.PATH ?? '').split(path.delimiter).filter((folder) => !folder.includes('node_modules'));
  for (const folder of folders) {
    const file = path.join(folder, 'node');
    if (!fs.existsSync(file)) continue;
    const version = execFileSync(file, ['-p', 'process.versions.node'], { encoding: 'utf8' }).trim();
    const [major = 0, minor = 0] = version.split('.').map(Number);
    if (major < 22 || (major === 22 && minor < 22)) return { file, version };
  }
  return undefined;
}

const dir = tempDir();

/** The CLI on this Node, which says that it is another. */
function pretending(version: string) {
  const preload = `Object.defineProperty(process.versions, 'node', { value: '${version}' })`;
  return [version, builtCli(dir, {}, [process.execPath, '--import', `data:text/javascript,${preload}`])] as const;
}

const found = findOldNode();
const tooOld = ['18.20.8', '20.19.5', '22.21.1'].map(pretending);
if (found) tooOld.push([found.version, builtCli(dir, {}, [found.file])]);

it.each(tooOld)('started on Node %s, says which one it needs before it loads anything of it', async (version, cli) => {
  const { code, stdout, stderr } = await cli.run('--help');
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toBe(`gimli needs Node 22.22 or newer; this is ${version}. "npm start" brings its own.\n`);
});

it.each(['22.22.0', '24.0.0', '100.1.0'].map(pretending))('starts on Node %s', async (_, cli) => {
  expect(await cli.run('--help')).toMatchObject({ code: 0, stderr: '' });
});
