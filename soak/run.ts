// npm run soak -- NAME … [--minutes N] [--parts a,b] [--scale N] [--json FILE]
// Keeps up one kind of load for minutes and holds the built gateway against the bars of the design; docs/benchmarks.md says
// what each soak does. A bar that is missed, and whatever breaks, makes the exit code 1.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import type { Result } from '../bench/row.ts';
import { table } from '../bench/table.ts';
import { run as hostile } from './hostile.ts';
import { run as retention } from './retention.ts';
import type { Soak } from './soak.ts';
import { run as valuesSoak } from './values.ts';

/** A line for each: the name that selects it on the command line, and its `run`. */
const soaks: Record<string, Soak> = {
  hostile,
  retention,
  values: valuesSoak,
};

const { values, positionals: names } = parseArgs({
  allowPositionals: true,
  options: {
    minutes: { type: 'string', default: '10' },
    parts: { type: 'string' },
    scale: { type: 'string', default: '1' },
    json: { type: 'string' },
  },
});
const [minutes, scale] = [Number(values.minutes), Number(values.scale)];
const unknown = names.filter((name) => !Object.hasOwn(soaks, name));
const wrong =
  names.length === 0 || unknown.length > 0
    ? `${names.length === 0 ? 'name a soak' : `no such soak: ${unknown.join(', ')}`}. There are: ${Object.keys(soaks).join(', ')}`
    : !(minutes > 0 && scale > 0)
      ? `--minutes and --scale: expected numbers above 0, found "${values.minutes}" and "${values.scale}"`
      : null;
if (wrong !== null) {
  console.error(wrong);
  process.exit(1);
}

const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'gimli-soak-'));
process.once('exit', () => fs.rmSync(dir, { recursive: true, force: true }));
process.once('SIGINT', () => process.exit(130)).once('SIGTERM', () => process.exit(143));
const machine = `${os.availableParallelism()} cores, ${Math.round(os.totalmem() / 2 ** 30)} GB, ${os.platform()} ${os.arch()}, Node ${process.versions.node}`;
console.log(`${machine}; load generator and gateway share the cores`);

const results: Result[] = [];
for (const name of names) {
  console.log(`${name}, ${minutes} min …`);
  const began = Date.now();
  const note = (line: string) =>
    console.log(`  ${String(Math.round((Date.now() - began) / 1000)).padStart(4)} s  ${line}`);
  const parts = values.parts === undefined ? {} : { parts: values.parts.split(',') };
  try {
    const run = soaks[name]?.({ dir: path.join(dir, name), minutes, scale, note, ...parts });
    results.push(...((await run) ?? []));
  } catch (error) {
    results.push({
      row: name,
      met: false,
      measured: `BROKEN: ${error instanceof Error ? error.message : error}`,
      figures: {},
    });
  }
}
if (results.some(({ met }) => met === false)) process.exitCode = 1;

console.log(`\n${table(results)}`);
if (values.json) {
  fs.writeFileSync(values.json, `${JSON.stringify({ machine, at: new Date().toISOString(), results }, null, 2)}\n`);
}
