import fs from 'node:fs';

/** How many lines a log got in each minute, by what they say; those about the work of stored events are apart. */
export interface LogLines {
  /** Reads what has been added, for the minute that goes on. */
  read(minute: number): void;
  /** The most lines of one reason in one minute, and which that was. */
  worst(): { reason: string; count: number };
  /** the most lines of all reasons in one minute */
  most(): number;
  /** all so far */
  total(): number;
}

const bufferBytes = 1 << 20;

/** Counts from the end of the file as it is now. */
export function followLog(file: string): LogLines {
  const log = fs.openSync(file, 'r');
  const buffer = Buffer.alloc(bufferBytes);
  let at = fs.fstatSync(log).size;
  let rest = '';
  const minutes = new Map<number, Map<string, number>>();

  return {
    read(minute) {
      const counts = minutes.get(minute) ?? new Map<string, number>();
      minutes.set(minute, counts);
      for (let bytes = 1; bytes > 0; ) {
        bytes = fs.readSync(log, buffer, 0, bufferBytes, at);
        at += bytes;
        const lines = (rest + buffer.toString('utf8', 0, bytes)).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) count(counts, reasonOf(line));
      }
    },
    worst: () =>
      [...minutes.values()]
        .flatMap((counts) => [...counts].map(([reason, count]) => ({ reason, count })))
        .reduce((worst, one) => (one.count > worst.count ? one : worst), { reason: 'none', count: 0 }),
    most: () => Math.max(0, ...[...minutes.values()].map(sum)),
    total: () => [...minutes.values()].map(sum).reduce((one, other) => one + other, 0),
  };
}

function count(counts: Map<string, number>, reason: string | null): void {
  if (reason !== null) counts.set(reason, (counts.get(reason) ?? 0) + 1);
}

function sum(counts: Map<string, number>): number {
  return [...counts.values()].reduce((one, other) => one + other, 0);
}

/** Null for a line about the work of an event that was taken, and the heartbeat that follows it. Numbers in a message make no new reason. */
function reasonOf(line: string): string | null {
  if (!line.startsWith('{')) return line.trim() === '' ? null : 'not JSON';
  try {
    const { runId, eventId, msg, step } = JSON.parse(line);
    if (runId !== undefined || eventId !== undefined || /^next heartbeat:/.test(msg)) return null;
    return `${msg}${step === undefined ? '' : ` (${step})`}`.replace(/\d+/g, 'N');
  } catch {
    return 'not JSON';
  }
}
