/** Rows under aligned headings; each cell is cut at `widest` characters. */
export function table(headings: readonly string[], rows: readonly (readonly string[])[], widest = 60): string {
  const cut = (text: string) => (text.length > widest ? `${text.slice(0, widest - 1)}…` : text);
  const lines = [headings, ...rows].map((row) => row.map((cell) => cut(printable(cell))));
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

/** A stranger's text without what would steer a terminal. */
export function printable(text: string): string {
  return text.replace(/\p{Cc}+/gu, ' ');
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
      const text = (typeof value === 'string' ? value : JSON.stringify(value)).replace(/[^\n]+/g, printable);
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

export function printJson(value: unknown): void {
  console.log(JSON.stringify(value, null, 2));
}
