// Makes a fresh clone ready: installs what the lockfile says and builds what is newer than its build. Runs on the machine's
// own Node, however old; everything after it runs on the Node that the install brings along (package `node`).
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
const stamp = 'node_modules/.installed-lock.json';
const same = existsSync(stamp) && readFileSync(stamp).equals(readFileSync('package-lock.json'));

if (!same) {
  console.log('Installing packages (the first time takes up to a minute) …');
  // Not `npm ci`, which stops where a registry lacks an optional package for some other platform.
  run('npm', ['install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error']);
  copyFileSync('package-lock.json', stamp);
}
if (newest('src') > newest('dist')) {
  console.log('Building …');
  run('node', ['scripts/build.mjs']);
}

function run(command, args) {
  const { status, error } = spawnSync(command, args, { stdio: 'inherit', shell: process.platform === 'win32' });
  if (error) console.error(`cannot run ${command}: ${error.message}`);
  if (status !== 0) process.exit(status ?? 1);
}

/** The latest change below a folder, in epoch ms; 0 where there is none. */
function newest(folder) {
  if (!existsSync(folder)) return 0;
  const entries = readdirSync(folder, { withFileTypes: true });
  const times = entries.map((entry) => {
    const path = `${folder}/${entry.name}`;
    return entry.isDirectory() ? newest(path) : statSync(path).mtimeMs;
  });
  return Math.max(0, ...times);
}
