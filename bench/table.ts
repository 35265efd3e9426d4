import type { Result } from './row.ts';

export function table(results: readonly Result[]): string {
  const lines = [
    ['row', 'ratio', 'bar', 'met', 'measured'],
    ...results.map(({ row, ratio, bar, met, measured }) => [
      row,
      ratio?.toFixed(2) ?? '',
      bar ?? '',
      met === undefined ? '' : met ? 'yes' : 'NO',
      measured,
    ]),
  ];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  return lines
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
