import type { Policy } from '../../domain/mapping.ts';
import { putInInbox } from '../../queue/put-in-inbox.ts';
import type { Reported } from '../attempt/reporting-tools.ts';
import type { Ending } from './ending.ts';

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
  ending: Ending,
  { outcome, reports, pinged }: { outcome: string | null; reports: Reported['reports']; pinged: boolean },
): Promise<void> {
  const { name, id, eventId, policy, action } = ending.run;
  const own = reports.map((text) => `${name}: ${text}`);
  const hears = outcome !== null && hearsOutcome[policy.updateMainSession](pinged);
  const texts = hears ? [...own, outcome] : own;
  const line = { eventId, source: `run ${id}`, mode: action.wakeMode, createdAt: ending.now };
  await putInInbox(
    ending,
    texts.map((text) => ({ ...line, text })),
  );
}
