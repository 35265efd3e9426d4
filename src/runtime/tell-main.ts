import type { Policy } from '../domain/mapping.ts';
import type { Run } from '../domain/run.ts';
import { wakeJob } from '../queue/jobs.ts';
import type { Executor } from '../store/database.ts';
import { insertSystemEvent } from '../store/queries/inbox.ts';
import type { Said } from './reporting-tools.ts';
import type { Runtime } from './runtime.ts';

/**
 * Whether main hears how a run ended, failures included. Whoever chose less than `always` wants main left alone: a failure
 * alone does not change that, and stands in the list of runs in any case.
 */
const hearsOutcome: Record<Policy['updateMainSession'], (pinged: boolean) => boolean> = {
  always: () => true,
  on_ping: (pinged) => pinged,
  freely: () => false,
  blocked: () => false,
};

/**
 * A line in main's inbox for each report of a hook's run, and one for its outcome, which is that of its workflow where it is the
 * last step of one, and null for an earlier step; main is woken if the run's action says so.
 */
export async function tellMain(
  { queue }: Pick<Runtime, 'queue'>,
  tx: Executor,
  run: Run,
  { outcome, said, pinged }: { outcome: string | null; said: Said; pinged: boolean },
  now: number,
): Promise<void> {
  const reports = said.reports.map((text) => `${run.name}: ${text}`);
  const hears = outcome !== null && hearsOutcome[run.policy.updateMainSession](pinged);
  const lines = hears ? [...reports, outcome] : reports;
  const mode = run.action.wakeMode;
  for (const text of lines) {
    await insertSystemEvent(tx, { eventId: run.eventId, source: `run ${run.id}`, text, mode, createdAt: now });
  }
  if (mode === 'now' && lines.length > 0) await queue.enqueue(tx, wakeJob(now));
}
