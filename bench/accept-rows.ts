import path from 'node:path';
import type { Child } from './child.ts';
import { echo, parked, type Work } from './config.ts';
import { type Call, load, oneKilobyte } from './load.ts';
import { type Bench, median, type Result, type Row } from './row.ts';
import { startGateway, startStoreless } from './servers.ts';

interface AcceptRow {
  readonly name: string;
  readonly label: string;
  readonly call: Call;
  readonly bar?: { readonly ratio: number; readonly p99?: number };
  readonly start?: (dir: string, work: Work) => Promise<Child>;
  /** the worker does the runs meanwhile; else they are parked */
  readonly working?: boolean;
}

const agent = oneKilobyte('/hooks/agent', { name: 'Bench' }, 'message');
const order = oneKilobyte(
  '/hooks/order',
  {
    order: { id: 4711, total: 129.9, currency: 'EUR' },
    customer: { name: 'Ada Lovelace', email: 'ada@example.com' },
    items: [1, 2, 3].map((line) => ({ line, sku: `SKU-${line}`, title: 'Brass gear wheel', count: line })),
  },
  'note',
);

const rows: readonly AcceptRow[] = [
  { name: 'agent', label: 'accept /agent', call: agent, bar: { ratio: 0.4, p99: 25 } },
  {
    name: 'wake',
    label: 'accept /wake, next-heartbeat',
    call: oneKilobyte('/hooks/wake', { mode: 'next-heartbeat' }, 'text'),
    bar: { ratio: 0.4, p99: 25 },
  },
  {
    name: 'wake-now',
    label: 'accept /wake, now',
    call: oneKilobyte('/hooks/wake', { mode: 'now' }, 'text'),
    bar: { ratio: 0.4, p99: 25 },
  },
  { name: 'mapped', label: 'accept, mapped', call: order, bar: { ratio: 0.35 } },
  { name: 'storeless', label: '/agent, store off', call: agent, bar: { ratio: 0.8 }, start: startStoreless },
  { name: 'working', label: '/agent while runs are done', call: agent, working: true },
];

export const acceptRows: readonly Row[] = rows.map((row) => ({ name: row.name, run: (bench) => measure(row, bench) }));

/** Base and Gimli in turns, so that what else the machine does meets both; ratios are taken turn by turn. */
async function measure(
  { name, label, call, bar, start = startGateway, working }: AcceptRow,
  bench: Bench,
): Promise<Result[]> {
  const [rounds, seconds] = bench.quick ? [3, 2] : [5, 4];
  const base = await bench.base();
  const gimli = await start(path.join(bench.dir, name), working ? echo : parked(bench.silentServer));
  try {
    gimli.pause();
    const turn = async (server: Child) => {
      server.resume();
      const before = server.cpuMs();
      const result = await load(server.url, call, { duration: seconds });
      const cpuMs = (server.cpuMs() - before) / result.requests;
      server.pause();
      return { ...result, cpuMs };
    };
    const pairs: { base: Awaited<ReturnType<typeof turn>>; gimli: Awaited<ReturnType<typeof turn>> }[] = [];
    for (let round = 0; round <= rounds; round += 1) {
      const pair = { base: await turn(base), gimli: await turn(gimli) };
      // The first is the warm-up.
      if (round > 0) pairs.push(pair);
    }
    return [summarize(label, bar, pairs)];
  } finally {
    await gimli.stop();
  }
}

interface Turn {
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
  readonly cpuMs: number;
}

function summarize(row: string, bar: AcceptRow['bar'], pairs: readonly { base: Turn; gimli: Turn }[]): Result {
  const mid = (side: 'base' | 'gimli', figure: keyof Turn) => median(pairs.map((pair) => pair[side][figure]));
  const ratios = pairs.map(({ base, gimli }) => gimli.perSecond / base.perSecond);
  const ratio = median(ratios);
  const p99 = mid('gimli', 'p99');
  const max = Math.max(...pairs.map(({ gimli }) => gimli.max));
  const ms = (value: number) => value.toFixed(1);
  const [cpu, baseCpu] = [mid('gimli', 'cpuMs'), mid('base', 'cpuMs')];
  const measured = [
    `${Math.round(mid('gimli', 'perSecond'))}/s of ${Math.round(mid('base', 'perSecond'))}`,
    `p50 ${ms(mid('gimli', 'p50'))} p99 ${ms(p99)} max ${ms(max)} ms (base ${ms(mid('base', 'p50'))}, ${ms(mid('base', 'p99'))})`,
    ...(Number.isNaN(cpu) ? [] : [`CPU ${cpu.toFixed(3)} ms (base ${baseCpu.toFixed(3)})`]),
  ].join(', ');
  const figures = {
    ratios,
    perSecond: mid('gimli', 'perSecond'),
    basePerSecond: mid('base', 'perSecond'),
    p50: mid('gimli', 'p50'),
    p99,
    max,
    cpuMs: cpu,
    baseCpuMs: baseCpu,
  };
  if (!bar) return { row, measured, ratio, figures };
  return {
    row,
    measured,
    ratio,
    bar: `≥ ${bar.ratio}${bar.p99 ? `, p99 ≤ ${bar.p99} ms` : ''}`,
    met: ratio >= bar.ratio && (bar.p99 === undefined || p99 <= bar.p99),
    figures,
  };
}
