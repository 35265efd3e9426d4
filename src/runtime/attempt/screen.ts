import type { ReadyAgent } from '../../agent/models.ts';
import type { Value } from '../../agent/screening/fields.ts';
import type { Screener } from '../../agent/screening/screening.ts';
import { messageOf, TurnError } from '../../domain/errors.ts';
import { maxAttempts } from '../../domain/job.ts';
import type { Run, Screening } from '../../domain/run.ts';
import type { Mask } from '../../domain/text/mask.ts';
import { oursOf, saidIn } from '../../domain/text/said.ts';
import { recordScreening } from '../../store/queries/runs.ts';
import { untilStored } from '../ending/until-stored.ts';
import type { Runtime } from '../runtime.ts';
import type { Account } from './account.ts';

/** What is known of the model and the attempt when a prompt is made. */
export interface PromptNeeds {
  /** what the provider of the run's model speaks */
  readonly api: ReadyAgent['api'];
  /** how long its prompt may be, in characters */
  readonly longestPrompt: number;
  /** aborts when the attempt's time is over or the gateway stops */
  readonly signal: AbortSignal;
  /** what the screening spends is the run's */
  readonly account: Pick<Account, 'add'>;
}

/** An error names this many values. */
const namedFlags = 5;

/**
 * Has a run's values judged before its agent reads them, where its policy says so. Resolves where the run may go on, rejects
 * with a TurnError where not. What came of it is stored at once: a later attempt does not pay for a clean verdict again.
 */
export async function screen(
  { store, current, log, onScreened }: Runtime,
  run: Run,
  values: readonly Value[],
  needs: PromptNeeds,
): Promise<void> {
  if (!run.policy.screen) return;
  const { config, screener, mask } = current();
  const digest = screener.digest(values);
  if (run.screening?.verdict === 'clean' && run.screening.digest === digest) return;
  // Who lets runs go on without a verdict does not want them to wait for hours.
  const waits = ({ gate }: TurnError) => gate !== undefined && config.screening.onError === 'block';
  const screening =
    needs.api === 'echo'
      ? skipped("echo calls no model, so none reads the run's values")
      : await judge({ screener, mask, waits }, run, { values, digest }, needs);
  await untilStored(() => store.write((tx) => recordScreening(tx, run.id, screening)), needs.signal, log);
  onScreened(run, screening.verdict);

  if (screening.verdict === 'flagged') throw flaggedError(screening);
  if (screening.verdict !== 'failed') return;
  const detail = screening.detail ?? '';
  const message = `could not be screened: ${oursOf(detail)}`;
  if (config.screening.onError === 'block') throw new TurnError('screened', message, { said: saidIn(detail) });
  const about = { runId: run.id, eventId: run.eventId, hook: run.hook, attempt: run.attempts };
  log.warn(about, `run goes on as screening.onError allows: ${message}`);
}

interface Judging {
  readonly screener: Screener;
  readonly mask: Mask;
  readonly waits: (error: TurnError) => boolean;
}

/** A failure that may pass is the run's own, as long as the run has attempts left; one that `waits` for its provider has. */
async function judge(
  { screener, mask, waits }: Judging,
  run: Run,
  { values, digest }: { readonly values: readonly Value[]; readonly digest: string },
  { signal, account }: PromptNeeds,
): Promise<Screening> {
  const { model } = screener;
  try {
    const { calls, flagged, usage } = await screener.screen(values, signal, (used) => account.add(model, used));
    if (calls === 0) return skipped('there is nothing but numbers, booleans and blanks');
    return { verdict: flagged.length > 0 ? 'flagged' : 'clean', model, usage, flagged, detail: null, digest };
  } catch (error) {
    if (signal.aborted) throw error;
    const mayPass = (known: TurnError) => known.mayPassByItself && run.attempts < maxAttempts;
    if (error instanceof TurnError && (waits(error) || mayPass(error))) {
      const { code, message, said, retryAfterMs } = error;
      const { trouble, gate } = waits(error) ? error : { trouble: 'ours' as const, gate: undefined };
      throw new TurnError(code, `screening: ${message}`, {
        trouble,
        ...(gate !== undefined && { gate }),
        retryAfterMs,
        said,
      });
    }
    const detail = error instanceof TurnError ? error.masked(mask).recorded : mask(messageOf(error));
    return { verdict: 'failed', model, usage: null, flagged: [], detail, digest: null };
  }
}

function skipped(detail: string): Screening {
  return { verdict: 'skipped', model: null, usage: null, flagged: [], detail, digest: null };
}

/** The reasons may repeat what a stranger wrote, so only the names are ours. */
function flaggedError({ flagged }: Screening): TurnError {
  const named = flagged.slice(0, namedFlags);
  const more = flagged.length > namedFlags ? [`and ${flagged.length - namedFlags} more`] : [];
  const names = [...named.map(({ name }) => name), ...more].join(', ');
  const reasons = named.map(({ name, verdict, reason }) => `${name} (${verdict}${reason && `: ${reason}`})`);
  return new TurnError('screened', `screening flagged ${names}`, { said: reasons.join('; ') });
}
