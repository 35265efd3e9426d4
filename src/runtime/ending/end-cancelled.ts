import { TurnError } from '../../domain/errors.ts';
import { finishRun, type RunEnd } from '../../store/queries/runs.ts';
import { afterRun } from './after-run.ts';
import type { Ending } from './ending.ts';

/** Why the turn of a run that is cancelled is broken off. */
export const cancelledByOwner = () => new TurnError('cancelled', 'cancelled by the owner');

/** Ends a run whose job is gone. `turn` is what is known of a turn that was over all the same. */
export async function endCancelled(
  ending: Ending,
  turn: Pick<RunEnd, 'prompt' | 'model' | 'spending'>,
  main: 'told' | 'untold' = 'told',
): Promise<void> {
  const { tx, run, now } = ending;
  const { code, message } = cancelledByOwner();
  const summary = `failed (${code}): ${message}`;
  await finishRun(tx, run.id, { ...turn, summary, error: message, errorCode: code }, now);
  const outcome = main === 'told' ? `${run.name} ${summary}` : null;
  await afterRun(ending, { outcome, reported: { pings: [], reports: [] } });
}
