import type { Logger } from 'pino';
import type { TransformLine } from './call.ts';

/** Of each module. */
export const mostLinesAMinute = 300;

/** Writes the lines of transforms to the log, at most 300 a minute of each module, and says how many more there were. */
export function createTransformLog(log: Logger, now: () => number = Date.now): (line: TransformLine) => void {
  const minutes = new Map<string, { since: number; lines: number }>();
  return ({ level, text, about }) => {
    const { transform } = about;
    const minute = minutes.get(transform) ?? { since: now(), lines: 0 };
    const leftOut = minute.lines - mostLinesAMinute;
    if (now() - minute.since >= 60_000) {
      if (leftOut > 0) log.warn({ transform }, `${leftOut} more lines of the minute before were left out`);
      Object.assign(minute, { since: now(), lines: 0 });
    }
    minutes.set(transform, minute);
    minute.lines += 1;
    if (minute.lines <= mostLinesAMinute) log[level](about, text);
    else if (minute.lines === mostLinesAMinute + 1) {
      log.warn({ transform }, `more than ${mostLinesAMinute} lines a minute; the rest of this minute is left out`);
    }
  };
}
