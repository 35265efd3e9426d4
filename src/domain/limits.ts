/** What a mapping does about bursts. */
export interface Limits {
  /**
   * a burst becomes one run: it begins when nothing has come for `quietMs`, and `maxMs` after its first event at the latest, and
   * takes no more events than have `maxChars` characters of text together
   */
  readonly coalesce?: { readonly quietMs: number; readonly maxMs: number; readonly maxChars: number };
  readonly rate?: Rate;
  /** how many of its runs may be under way at once */
  readonly maxConcurrent?: number;
  /** what its runs may cost in a day (UTC), in US dollars */
  readonly perDay?: number;
}

/** At most `count` runs begin within any span of this length. */
export interface Rate {
  readonly count: number;
  readonly spanMs: number;
}

export const usualQuietSeconds = 30;
export const usualMaxSeconds = 300;

export const ratePattern = '^([1-9]\\d{0,3}|10000)/[smhd]$';
const spans = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `10/m` as numbers. Expects a text that fits `ratePattern`. */
export function parseRate(text: string): Rate {
  const [count, unit] = text.split('/');
  return { count: Number(count), spanMs: spans[unit as keyof typeof spans] };
}
