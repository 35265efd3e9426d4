import { durationMs } from './duration.ts';

const durations = /^(\d+(\.\d+)?(ms|s|m|h|d|w))+$/;
const isoTimes = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?$/;

/**
 * Since when, in epoch ms: `2h` or `1d` before now, or an ISO time, which is UTC unless it says otherwise. Undefined for anything else; a
 * number without a unit could mean too much.
 */
export function sinceMs(text: string, now: number): number | undefined {
  if (durations.test(text)) return Math.max(0, now - durationMs(text));
  if (!isoTimes.test(text)) return undefined;
  const at = Date.parse(/T.*(Z|[+-]\d\d:?\d\d)$/.test(text) || !text.includes('T') ? text : `${text}Z`);
  return Number.isNaN(at) ? undefined : at;
}

export const sinceHelp = 'a time such as 2h or 1d, or an ISO time such as 2026-02-03T10:00Z';
