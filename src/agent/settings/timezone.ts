import { valueAt } from '../../domain/event.ts';
import { found } from '../../schema/found.ts';
import { type Origins, type Problem, toPointer } from '../../schema/problem.ts';

/** What is wrong with a zone of a config, where it is text at all. */
export function checkTimezone(config: unknown, origins: Origins, segments: string[]): Problem[] {
  const path = toPointer(segments);
  const zone = valueAt(config, segments);
  if (typeof zone !== 'string' || zone.trim() === '' || zone === 'local' || isTimeZone(zone)) return [];
  const message = `expected an IANA time zone such as "Europe/Oslo", or "local", found ${found(path, zone, origins)}`;
  return [{ path, message }];
}

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}
