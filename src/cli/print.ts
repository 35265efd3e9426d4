import { visible, visibleJson } from '../domain/text/invisible.ts';
import { shorten } from '../domain/text/shorten.ts';
import type { Io } from './io.ts';

/** Rows under aligned headings; each cell is cut at `widest` characters, those of the last column at `last`. */
export function table(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
  { widest = 60, last = widest }: { readonly widest?: number; readonly last?: number } = {},
): string {
  const lines = [headings, ...rows].map((row) =>
    row.map((cell, column) => shorten(printable(cell), column === headings.length - 1 ? last : widest)),
  );
  const widths = headings.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  return lines
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** A stranger's text on one line, without what would steer a terminal or cannot be seen. */
export const printable = visible;

/** The same for a text of several lines. */
export function printableLines(text: string): string {
  return text.replace(/[^\n]+/g, printable);
}

/**
 * `label  value` lines, without what would steer a terminal; a value of several lines stands below its label, indented. Empty
 * values are left out.
 */
export function record(fields: Record<string, unknown>): string {
  const shown = Object.entries(fields).filter(([, value]) => value !== null && value !== undefined && value !== '');
  const width = Math.max(...shown.map(([label]) => label.length));
  return shown
    .map(([label, value]) => {
      const text = printableLines(typeof value === 'string' ? value : JSON.stringify(value));
      return text.includes('\n') ? `${label}\n${text.replace(/^/gm, '    ')}` : `${label.padEnd(width)}  ${text}`;
    })
    .join('\n');
}

/** A time in epoch ms as people read it. */
export function time(ms: number | null): string {
  return ms === null
    ? ''
    : new Date(ms)
        .toISOString()
        .replace('T', ' ')
        .replace(/\.\d+Z$/, 'Z');
}

export function printJson({ out }: Pick<Io, 'out'>, value: unknown): void {
  out(`${visibleJson(JSON.stringify(value, null, 2))}\n`);
}

/** A line, or several, on stdout; what commands print goes through here, since most of it has words from outside. */
export function say({ out }: Pick<Io, 'out'>, text: string): void {
  out(`${printableLines(text)}\n`);
}

/** The same on stderr. */
export function complain({ err }: Pick<Io, 'err'>, text: string): void {
  err(`${printableLines(text)}\n`);
}

const sizes = ['bytes', 'kB', 'MB', 'GB', 'TB'];

/** A number of bytes as people read it: `4.1 MB`. */
export function bytes(count: number): string {
  const power = Math.min(sizes.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(1, count)) / 3)));
  return power === 0 ? `${count} bytes` : `${(count / 1000 ** power).toFixed(1)} ${sizes[power]}`;
}
