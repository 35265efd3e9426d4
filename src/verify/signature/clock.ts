import { type Refusal, refusal } from '../verifier.ts';
import type { TimestampRule } from './signature-profile.ts';

/** Beyond any wrong clock: the sender counts in another unit. */
const absurdSeconds = 1_000_000_000;

/**
 * Null where a timestamp is at most `toleranceSeconds` away from `now` (epoch ms), in either direction. Digits only: parsers
 * that are kinder accept text that its sender never signed as a time.
 */
export function checkClock(
  name: string,
  timestamp: string,
  { unit, toleranceSeconds }: Omit<TimestampRule, 'in'>,
  now: number,
): Refusal | null {
  if (!/^\d{1,15}$/.test(timestamp)) return refusal('malformed', `${name} is not a time in ${inUnit(unit)}`);
  // Senders that count in seconds round down, so this clock does, too.
  const behind = unit === 's' ? Math.floor(now / 1000) - Number(timestamp) : (now - Number(timestamp)) / 1000;
  const off = Math.abs(behind);
  if (off <= toleranceSeconds) return null;
  const shown = `${name} is ${Math.ceil(off)} s ${behind > 0 ? 'old' : 'ahead'} (tolerance ${toleranceSeconds} s)`;
  if (off > absurdSeconds) return refusal('clock', `${shown}: it does not count ${inUnit(unit)}`);
  return refusal(
    'clock',
    `clock off by ${Math.ceil(off)} s: ${shown}; the request is a late or repeated one, or a clock is wrong`,
  );
}

function inUnit(unit: TimestampRule['unit']): string {
  return unit === 's' ? 'seconds' : 'milliseconds';
}

/**
 * A copy of a payload with another value where `path` leads. A payload that has nothing there is left as it is, and so is any
 * where there is no path.
 */
export function restamp(payload: unknown, path: readonly string[] | undefined, value: string | number): unknown {
  const [key, ...rest] = path ?? [];
  if (key === undefined || typeof payload !== 'object' || payload === null || !Object.hasOwn(payload, key)) {
    return payload;
  }
  const inner = (payload as Record<string, unknown>)[key];
  return { ...payload, [key]: rest.length === 0 ? value : restamp(inner, rest, value) };
}
