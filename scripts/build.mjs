// Compiles src into a fresh dist. It takes its place only when it is whole: a gateway that runs from the old one goes on.
import { spawnSync } from 'node:child_process';
import { chmodSync, renameSync, rmSync } from 'node:fs';
import { markBuilt, sources } from './built.mjs';

const next = 'node_modules/.next-dist';
const before = sources();
rmSync(next, { recursive: true, force: true });
const tsc = ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.json', '--outDir', next];
const { status } = spawnSync(process.execPath, tsc, { stdio: 'inherit' });
if (status !== 0) process.exit(status ?? 1);
chmodSync(`${next}/cli/index.js`, 0o755);
markBuilt(next, before);
rmSync('dist', { recursive: true, force: true });
renameSync(next, 'dist');
