import type { Outcome } from '../event.ts';
import { durationMs } from './duration.ts';

/** How long what is over is kept, in ms, and how large the store may become, in bytes; Infinity where there is no limit. */
export interface Keep {
  readonly filteredMs: number;
  readonly eventsMs: number;
  readonly runsMs: number;
  readonly maxBytes: number;
}

/** Events that asked for nothing, or for what was done before. */
export const passing: readonly Outcome[] = ['filtered', 'skipped', 'duplicate', 'handshake'];

/** Delivery keys and what was spent in a day are small, and are kept so long, in ms, whatever else is removed. */
export const keysMs = 400 * 86_400_000;

const units = { MB: 1e6, GB: 1e9, TB: 1e12 };

/** A number of bytes: `500MB`, `20GB`; or `unlimited`. At least 1 MB: an empty store has nearly as much, and nobody means to keep nothing. */
export const sizePattern = '^(unlimited|0*[1-9]\\d*(\\.\\d+)?(MB|GB|TB))$';

/** Bytes. Expects a text that fits `sizePattern`. */
function sizeBytes(text: string): number {
  const [, count, unit] = /^([\d.]+)(\w+)$/.exec(text) ?? [];
  return count === undefined ? Infinity : Number(count) * units[unit as keyof typeof units];
}

/** The settings `store.keep` as numbers. */
export function keepOf(keep: { filtered: string; events: string; runs: string; maxBytes: string }): Keep {
  const ms = (text: string) => (text === 'forever' ? Infinity : durationMs(text));
  return {
    filteredMs: ms(keep.filtered),
    eventsMs: ms(keep.events),
    runsMs: ms(keep.runs),
    maxBytes: sizeBytes(keep.maxBytes),
  };
}
