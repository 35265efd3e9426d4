import { quantiles, type Result, slope } from '../../bench/row.ts';
import type { Sent } from './honest.ts';
import type { Seen } from './seen.ts';

export const bars = {
  residentMb: 300,
  risenMb: 100,
  slope: { mbPerMinute: 1, minutes: 10 },
  healthMs: 100,
  linesOfAReason: 60,
  lines: 600,
  keyCalls: 60,
  honestMs: 30_000,
  rowsOfAnEvent: 20,
  sockets: 5,
  stopSeconds: 10,
};

/** Holds what was seen against the bars. */
export function judge(seen: Seen): Result[] {
  return [
    ...memory(seen),
    health(seen),
    ...log(seen),
    keyCalls(seen),
    honest('signed', seen.good.sent),
    honest('token', seen.good.sent),
    ...stored(seen),
    ...afterwards(seen),
    machine(seen),
    ...Object.entries(seen.traffic).map(([name, traffic]) => {
      const { answers, ...counts } = traffic;
      const heard = Object.entries(answers).map(([status, count]) => `${count} × ${status}`);
      const measured = `${counts.connections} connections (${counts.refused} refused), ${counts.pieces} pieces, ${(counts.bytes / 1e6).toFixed(1)} MB; read: ${heard.join(', ') || 'nothing'}`;
      return { row: `sent: ${name}`, measured, figures: { ...counts } };
    }),
  ];
}

function memory({ samples, before, recovered, minutes }: Seen): Result[] {
  const peak = Math.max(...samples.map(({ residentMb }) => residentMb));
  const warm = samples.filter(({ minute }) => minute > Math.min(2, minutes / 3) && minute < minutes);
  const rise = slope(warm.map(({ minute, residentMb }) => ({ minute, value: residentMb })));
  // A short run says little: the heap breathes by more than a slow leak adds.
  const judged = minutes >= bars.slope.minutes ? most(rise, bars.slope.mbPerMinute, 'MB/min') : {};
  return [
    {
      row: 'memory',
      measured: `${peak.toFixed(0)} MB at most`,
      ...most(peak, bars.residentMb, 'MB'),
      figures: { peak },
    },
    {
      row: 'memory, afterwards',
      measured: `${before.residentMb.toFixed(0)} MB before, ${recovered.residentMb.toFixed(0)} MB after`,
      ...most(recovered.residentMb - before.residentMb, bars.risenMb, 'MB more, within a minute'),
      figures: { before: before.residentMb, after: recovered.residentMb },
    },
    { row: 'memory, slope', measured: `${rise.toFixed(1)} MB/min`, ...judged, figures: { mbPerMinute: rise } },
  ];
}

function health({ good }: Seen): Result {
  const { p50, p99, max } = quantiles(good.health);
  const failed = good.healthFailures;
  return {
    row: '/healthz',
    measured: `p50 ${p50.toFixed(1)}, p99 ${p99.toFixed(1)}, max ${max.toFixed(0)} ms; ${failed} of ${good.health.length} failed`,
    bar: `p99 ≤ ${bars.healthMs} ms, all 200`,
    met: p99 <= bars.healthMs && failed === 0,
    figures: { p50, p99, max, failed },
  };
}

function log({ log }: Seen): Result[] {
  const { reason, count } = log.worst();
  return [
    {
      row: 'log, one reason',
      measured: `${count} lines in a minute: ${reason.slice(0, 100)}`,
      ...most(count, bars.linesOfAReason, 'a minute'),
      figures: { lines: count },
    },
    {
      row: 'log, all',
      measured: `${log.most()} lines in a minute, ${log.total()} in all`,
      ...most(log.most(), bars.lines, 'a minute'),
      figures: { lines: log.most(), total: log.total() },
    },
  ];
}

function keyCalls({ keyCalls, minutes }: Seen): Result {
  const worst = Math.max(...keyCalls.map(({ calls }) => calls));
  return {
    row: 'calls for keys',
    measured: keyCalls.map(({ hook, calls }) => `${hook} ${calls}`).join(', '),
    ...most(worst / Math.max(1, minutes), bars.keyCalls, 'a minute and host'),
    figures: { worst },
  };
}

function honest(sender: Sent['sender'], sent: readonly Sent[]): Result {
  const own = sent.filter((one) => one.sender === sender);
  const lost = own.filter(({ eventId }) => eventId === null).length;
  const again = own.filter(({ tries }) => tries > 1).length;
  const { p50, p99, max } = quantiles(own.map(({ ms }) => ms));
  return {
    row: `honest, ${sender}`,
    measured: `${own.length - lost} of ${own.length} taken, ${again} of them after more than one try; p50 ${p50.toFixed(1)}, p99 ${p99.toFixed(1)}, max ${max.toFixed(0)} ms`,
    bar: `all, each ≤ ${bars.honestMs / 1000} s`,
    met: lost === 0 && max <= bars.honestMs,
    figures: { sent: own.length, lost, again, p50, p99, max },
  };
}

/** Exactly what the honest sent, once each. */
function stored({ before, after, good, recovered, marked }: Seen): Result[] {
  const expected = [...before.events, ...good.sent.map(({ eventId }) => eventId), recovered.eventId].filter(Boolean);
  const there = new Set(after.events);
  const missing = expected.filter((id) => !there.has(id ?? '')).length;
  const strange = after.events.length - new Set(expected).size + missing;
  const rows = after.rows - before.rows;
  const files = after.files.filter((file) => !before.files.includes(file));
  const events = expected.length - before.events.length;
  return [
    {
      row: 'stored, events',
      measured: `${after.events.length - before.events.length} for ${events} honest ones; ${missing} missing, ${strange} of nobody`,
      bar: 'each honest one once',
      met: missing === 0 && strange === 0 && new Set(expected).size === expected.length,
      figures: { events, missing, strange },
    },
    {
      row: 'stored, of strangers',
      measured:
        marked.length > 0 ? `something in ${marked.join(', ')}` : `nothing; new files: ${files.join(', ') || 'none'}`,
      bar: 'nothing',
      met: marked.length === 0,
      figures: { marked: marked.length, files: files.length },
    },
    {
      row: 'stored, rows',
      measured: `${rows} for ${events} events`,
      ...most(rows / events, bars.rowsOfAnEvent, 'an event'),
      figures: { rows, events },
    },
  ];
}

function afterwards({ samples, before, recovered, stop }: Seen): Result[] {
  const peak = Math.max(...samples.map(({ openFiles }) => openFiles));
  const { health, runStatus, openRuns } = recovered;
  return [
    {
      row: 'files and sockets',
      measured: `${before.openFiles} before, ${peak} at most, ${recovered.openFiles} after`,
      bar: `≤ ${bars.sockets} more than before, within a minute`,
      // Where there is no /proc, nothing was counted.
      met: !(recovered.openFiles > before.openFiles + bars.sockets),
      figures: { before: before.openFiles, peak, after: recovered.openFiles },
    },
    {
      row: 'afterwards',
      measured: `/healthz ${health}, a run is ${runStatus ?? 'refused'}, ${openRuns} runs open`,
      bar: '200, completed, none',
      met: health === 200 && runStatus === 'completed' && openRuns === 0,
      figures: { health, openRuns },
    },
    {
      row: 'stop',
      measured: `${stop.seconds.toFixed(1)} s, exit code ${stop.code ?? 'none'}`,
      bar: `≤ ${bars.stopSeconds} s, code 0`,
      met: stop.code === 0 && stop.seconds <= bars.stopSeconds,
      figures: { seconds: stop.seconds },
    },
  ];
}

function machine({ cpuShare, machine: { all, soak } }: Seen): Result {
  const percent = (part: number) => `${(part * 100).toFixed(0)} %`;
  return {
    row: 'machine',
    measured: `${percent(all)} busy, ${percent(soak)} with the soak itself; the gateway took ${percent(cpuShare)} of one core`,
    figures: { all, soak, cpuShare },
  };
}

/** Met unless it is more; what could not be measured is not judged. */
function most(value: number, limit: number, unit: string): { bar: string; met?: boolean } {
  return { bar: `≤ ${limit} ${unit}`, ...(!Number.isNaN(value) && { met: value <= limit }) };
}
