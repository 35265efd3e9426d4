import { execFile } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from '@jest/globals';
import { tempDir } from '../support/temp-dir.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const dir = tempDir();
const run = promisify(execFile);

it('the package has all that its commands read and its documents point to', async () => {
  await run('npm', ['pack', '--ignore-scripts', '--pack-destination', dir], { cwd: root });
  const archive = fs.readdirSync(dir).find((name) => name.endsWith('.tgz')) ?? '';
  await run('tar', ['-xf', archive], { cwd: dir });
  const unpacked = path.join(dir, 'package');
  fs.symlinkSync(path.join(root, 'node_modules'), path.join(unpacked, 'node_modules'));

  const home = path.join(dir, 'home');
  fs.mkdirSync(home);
  const gimli = (...args: string[]) =>
    run(process.execPath, [path.join(unpacked, 'dist/cli/index.js'), ...args], {
      cwd: home,
      env: { PATH: process.env.PATH, HOME: home },
    });
  expect((await gimli('init')).stdout).toBe('wrote gimli.json5\nwrote .env\n');
  expect((await gimli('check')).stdout).toMatch(/the config is fine\n$/);
  const examples = fs.readdirSync(path.join(unpacked, 'config/examples'));
  expect(examples).toEqual(fs.readdirSync(path.join(root, 'config/examples')));

  const pages = fs.readdirSync(path.join(unpacked, 'docs')).map((name) => `docs/${name}`);
  expect(pages.length).toBeGreaterThan(5);
  const missing = pages.flatMap((page) => {
    const links = fs.readFileSync(path.join(unpacked, page), 'utf8').matchAll(/\]\((?!https?:|#)([^)#]+)/g);
    const files = [...links].map(([, link = '']) => path.join(path.dirname(page), link));
    return files.filter((file) => !fs.existsSync(path.join(unpacked, file))).map((file) => `${page} → ${file}`);
  });
  expect(missing).toEqual([]);
}, 60_000);
