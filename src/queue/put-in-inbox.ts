import { insertSystemEvent, type NewSystemEvent } from '../store/queries/inbox.ts';
import { wakeJob } from './jobs.ts';
import type { Moment } from './moment.ts';
import type { Jobs } from './queue.ts';

/** Puts lines into main's inbox, and wakes main where one of them is to be read at once. */
export async function putInInbox({ tx, queue, now }: Moment<Jobs>, lines: readonly NewSystemEvent[]): Promise<void> {
  for (const line of lines) await insertSystemEvent(tx, line);
  if (lines.some(({ mode }) => mode === 'now')) await queue.enqueue(tx, wakeJob(now));
}
