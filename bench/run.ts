// npm run bench [-- row …] [--quick] [--minutes N] [--json FILE]
// Measures the built gateway against the bars of the design; docs/benchmarks.md says what each row means. Being slow is
// a result; only what breaks makes the exit code 1.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { acceptRows } from './accept-rows.ts';
import { burstRow } from './burst-row.ts';
import { fullRunsRow } from './full-runs-row.ts';
import { memoryRow } from './memory-row.ts';
import { modelCallRow } from './model-call-row.ts';
import type { Bench, Result, Row } from './row.ts';
import { startBase, startSilentServer } from './servers.ts';
import { startRow } from './start-row.ts';
import { table } from './table.ts';
import { workflowRow } from './workflow-row.ts';

const rows: readonly Row[] = [...acceptRows, fullRunsRow, modelCallRow, workflowRow, startRow, memoryRow, burstRow];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: 'boolean', default: false },
    minutes: { type: 'string', default: '1' },
    json: { type: 'string' },
  },
});
const unknown = positionals.filter((name) => !rows.some((row) => row.name === name));
const minutes = Number(values.minutes);
if (unknown.length > 0 || !(minutes > 0)) {
  console.error(
    unknown.length > 0
      ? `no such row: ${unknown.join(', ')}. There are: ${rows.map((row) => row.name).join(', ')}`
      : `--minutes: expected a number above 0, found "${values.minutes}"`,
  );
  process.exit(1);
}

const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'gimli-bench-'));
process.once('exit', () => fs.rmSync(dir, { recursive: true, force: true }));
process.once('SIGINT', () => process.exit(130)).once('SIGTERM', () => process.exit(143));

const tmpfs = 0x01021994;
if (fs.statfsSync(dir).type === tmpfs)
  console.log(`${dir} is in memory: durable rows look better than on a disk. Set TMPDIR.`);
const machine = `${os.availableParallelism()} cores, ${Math.round(os.totalmem() / 2 ** 30)} GB, ${os.platform()} ${os.arch()}, Node ${process.versions.node}`;
console.log(`${machine}; load generator and servers share the cores`);

let base: ReturnType<typeof startBase> | undefined;
const bench: Bench = {
  dir,
  quick: values.quick,
  minutes,
  silentServer: await startSilentServer(),
  note: (line) => console.log(line),
  base() {
    base ??= startBase(dir).then((server) => {
      server.pause();
      return server;
    });
    return base;
  },
};

const results: Result[] = [];
for (const row of rows) {
  if (positionals.length > 0 && !positionals.includes(row.name)) continue;
  console.log(`${row.name} …`);
  try {
    results.push(...(await row.run(bench)));
  } catch (error) {
    process.exitCode = 1;
    results.push({ row: row.name, measured: `BROKEN: ${error instanceof Error ? error.message : error}`, figures: {} });
  }
}
await (await base)?.stop();

console.log(`\n${table(results)}`);
if (values.json) {
  fs.writeFileSync(values.json, `${JSON.stringify({ machine, at: new Date().toISOString(), results }, null, 2)}\n`);
}
