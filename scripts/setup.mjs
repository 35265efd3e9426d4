// Makes a fresh clone ready: installs what the lockfile says and builds what has changed since its build. Runs on the
// machine's own Node, however old; everything after it runs on the Node that the install brings along (package `node`).
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { isBuilt } from './built.mjs';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
const stamp = 'node_modules/.installed-lock.json';
const same = existsSync(stamp) && readFileSync(stamp).equals(readFileSync('package-lock.json'));

if (!same) {
  console.log('Installing packages (the first time takes up to a minute) …');
  // Not `npm ci`, which refuses a lockfile without the packages of other platforms, and not every registry has those.
  run('npm', ['install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error']);
  linkCommand();
  copyFileSync('package-lock.json', stamp);
}
if (!isBuilt()) {
  console.log('Building …');
  run('node', ['scripts/build.mjs']);
}
// Not by the script in package.json: its shell still knows `node` as the one that it found before the install.
if (process.argv[2] === 'init') run('node', ['dist/cli/index.js', 'init']);

/** Makes `npx gimli` the command of this checkout: npm links the commands of packages, not of the one it stands in. */
function linkCommand() {
  rmSync('node_modules/.bin/gimli', { force: true });
  symlinkSync('../../dist/cli/index.js', 'node_modules/.bin/gimli');
}

function run(command, args) {
  const { status, error } = spawnSync(command, args, { stdio: 'inherit', shell: process.platform === 'win32' });
  if (error) console.error(`cannot run ${command}: ${error.message}`);
  if (status !== 0) process.exit(status ?? 1);
}
