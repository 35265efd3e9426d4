import { type Logger, symbols } from 'pino';
import { visibleJson } from '../domain/text/invisible.ts';
import type { Mask } from '../domain/text/mask.ts';

/**
 * A log that writes where the given one does, at a level of its own: without known secrets, and without a character that would
 * steer a terminal. Loggers made from it do the same.
 */
export function maskedLog(log: Logger, mask: Mask): Logger {
  const masked = log.child({});
  // A child cannot be given hooks in any other way, and whoever embeds a gateway brings a log that is made already.
  const own = masked as unknown as Record<typeof symbols.hooksSym, { streamWrite?: (line: string) => string }>;
  const { streamWrite = (line: string) => line, ...others } = own[symbols.hooksSym];
  own[symbols.hooksSym] = { ...others, streamWrite: (line) => visibleJson(mask(streamWrite(line))) };
  return masked;
}
