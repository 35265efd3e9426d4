import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { openFileProblem } from '../../config/open-file.ts';
import { diskRoom } from '../../runtime/watching/checks.ts';
import { type DoctorCheck, ok, problem, storeFileOf, warning } from './finding.ts';

const disk: DoctorCheck = {
  name: 'disk',
  async run(context) {
    const file = storeFileOf(context);
    if (file === undefined) return [];
    const folder = folderThatIs(path.dirname(file));
    const { gigabytes, isLow } = await diskRoom(folder);
    const room = `${folder} has room for ${gigabytes} GB`;
    return isLow ? [problem(room, 'Make room: when it is full, events are answered with 503.')] : [ok(room)];
  },
};

/** The folder itself, or the nearest above it that there is. */
function folderThatIs(folder: string): string {
  return existsSync(folder) || path.dirname(folder) === folder ? folder : folderThatIs(path.dirname(folder));
}

const node: DoctorCheck = {
  name: 'node',
  run: ({ holder }) => {
    const version = ok(`Node ${process.versions.node}`);
    const limited = holder?.url === undefined ? undefined : limitsMemory(holder.pid);
    if (limited === undefined) return [version];
    const remedy = 'Start it with `gimli serve`, or give Node --max-semi-space-size=8.';
    return limited
      ? [version, ok('the gateway limits the young part of its heap')]
      : [version, warning('the gateway takes twice the memory that it needs under load', remedy)];
  },
};

/** Where the system shows how a process was started; undefined where not. */
function limitsMemory(pid: number): boolean | undefined {
  try {
    const started = ['cmdline', 'environ'].map((name) => readFileSync(`/proc/${pid}/${name}`, 'utf8'));
    return /--(max|min)[-_]semi[-_]space[-_]size\b/.test(started.join('\n'));
  } catch {
    return undefined;
  }
}

const secrets: DoctorCheck = {
  name: 'secrets',
  run: ({ configFile }) => {
    const file = path.join(path.dirname(path.resolve(configFile)), '.env');
    if (process.platform === 'win32' || !existsSync(file)) return [];
    const open = openFileProblem(file);
    return open ? [warning(open.text, open.remedy)] : [ok(`only you may read ${file}`)];
  },
};

export const machineChecks = [disk, node, secrets];
