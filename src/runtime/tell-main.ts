import type { Policy } from '../domain/mapping.ts';
import type { Run } from '../domain/run.ts';
import { wakeJob } from '../queue/jobs.ts';
import type { Executor } from '../store/database.ts';
import { insertSystemEvent } from '../store/inbox.ts';
import type { AfterCommit } from '../store/store.ts';
import type { Said } from './reporting-tools.ts';
import type { Runtime } from './runtime.ts';

/**
 * Whether main hears how a run ended, failures included. Whoever chose less than `always` wants main left alone: a failure
 * alone does not change that, and stands in the list of runs in any case.
 */
const hearsOutcome: Record<Policy['updateMainSession'], (said: Said) => boolean> = {
  always: () => true,
  on_ping: ({ pings }) => pings.length > 0,
  freely: () => false,
  blocked: () => false,
};

/** A line in main's inbox for each report of a hook's run, and one for its outcome; main is woken if the run's action says so. */
export async function tellMain(
  { queue }: Pick<Runtime, 'queue'>,
  tx: Executor,
  run: Run,
  { outcome, said }: { outcome: string; said: Said },
  now: number,
  afterCommit: AfterCommit,
): Promise<void> {
  const reports = said.reports.map((text) => `${run.name}: ${text}`);
  const lines = hearsOutcome[run.policy.updateMainSession](said) ? [...reports, outcome] : reports;
  const mode = run.action.wakeMode;
  for (const text of lines) {
    await insertSystemEvent(tx, { eventId: run.eventId, source: `run ${run.id}`, text, mode, createdAt: now });
  }
  if (mode === 'now' && lines.length > 0) await queue.enqueue(tx, wakeJob(now), afterCommit);
}
