const units = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };
const part = '\\d+(\\.\\d+)?(ms|s|m|h|d|w)';

/** A number of minutes, or numbers with units: `90s`, `30m`, `1h30m`, `1d`, `2w`. */
export const durationPattern = `^(\\d+(\\.\\d+)?|(${part})+)$`;

/** Milliseconds of a time such as `90s`, `1h30m` or `1d`; a number without a unit counts minutes. Expects a text that fits `durationPattern`. */
export function durationMs(text: string): number {
  const parts = [...text.matchAll(/([\d.]+)(ms|[smhdw])?/g)];
  return parts.reduce((sum, [, count, unit = 'm']) => sum + Number(count) * units[unit as keyof typeof units], 0);
}
