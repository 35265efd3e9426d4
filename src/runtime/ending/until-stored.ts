import { setTimeout as wait } from 'node:timers/promises';
import type { Logger } from 'pino';
import { StoreError } from '../../domain/errors.ts';

const longestWaitMs = 30_000;

/**
 * Writes what was done, again and again while the store is full or busy: what a model was paid for, or a channel has sent, must
 * not be done a second time for want of a record. Gives up, with the store's error, when the worker stops.
 */
export async function untilStored(write: () => Promise<void>, stopping: AbortSignal, log: Logger): Promise<void> {
  for (let ms = 500; ; ms = Math.min(ms * 2, longestWaitMs)) {
    try {
      return await write();
    } catch (error) {
      if (!(error instanceof StoreError) || stopping.aborted) throw error;
      log.error(`what was done cannot be recorded yet, will be tried again: ${error.message}`);
      await wait(ms, undefined, { signal: stopping }).catch(() => {});
    }
  }
}
