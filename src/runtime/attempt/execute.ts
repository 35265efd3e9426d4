import type { Reply } from '../../agent/agent.ts';
import { messageOf, TurnError } from '../../domain/errors.ts';
import { countedAttempt, type Job, maxAttempts } from '../../domain/job.ts';
import type { Run } from '../../domain/run.ts';
import { completeRun, failRun, handBackRun, holdRun, postponeRun } from '../ending/finish.ts';
import { untilStored } from '../ending/until-stored.ts';
import type { Runtime } from '../runtime.ts';
import { Stopping } from '../worker.ts';
import { openAccount } from './account.ts';
import type { Attempt, Trace } from './attempt.ts';
import { limitTime } from './time-limit.ts';
import { takeTurn } from './turn.ts';

/**
 * One attempt at a run: build the prompt, which may have its values screened, one exchange with the model, one finishing
 * transaction. Never throws for what goes wrong with the turn; that is part of the record.
 */
export async function execute(
  runtime: Runtime,
  begun: Pick<Attempt, 'job' | 'run' | 'entry'>,
  stopping: AbortSignal,
): Promise<void> {
  const { run, job } = begun;
  const settings = runtime.current();
  const logFields = { runId: run.id, eventId: run.eventId, hook: run.hook, attempt: job.attempt };
  const trace = newTrace(runtime, settings, run);
  const seconds = run.action.timeoutSeconds ?? settings.config.agents.defaults.timeoutSeconds;
  const late = () => new TurnError('timeout', `the turn took longer than ${seconds} s`);
  const limit = limitTime(seconds * 1000, late, stopping);
  const live = runtime.live.begin(run, limit.abort);
  const attempt = { ...begun, runtime, settings, logFields, limit, live, trace };
  try {
    await makeAttempt(attempt, stopping);
  } finally {
    live.over();
  }
}

function newTrace({ onUsage }: Runtime, { config, models }: Attempt['settings'], run: Run): Trace {
  const account = openAccount(run.spending, {
    priceOf: models.priceOf,
    perRun: config.agents.defaults.budget.perRun,
    onUsage: (usage, cost) => onUsage(run, usage, cost),
  });
  const model = run.action.model ?? models.defaultModel;
  const reported = { pings: [], reports: [] };
  const warnings = [...(run.action.warnings ?? [])];
  return { model, prompt: undefined, reported, warnings, calls: [], account, well: new Set(), troubles: [] };
}

/** Writes what was done, whatever keeps the store from it for a while. */
type Stored = (write: () => Promise<void>) => Promise<void>;

async function makeAttempt(attempt: Attempt, stopping: AbortSignal): Promise<void> {
  const began = Date.now();
  const stored: Stored = (write) => untilStored(write, stopping, attempt.runtime.log);
  let reply: Reply;
  try {
    reply = await takeTurn(attempt);
  } catch (thrown) {
    return await endWithout(attempt, thrown, began, stored);
  } finally {
    attempt.limit.clear();
  }
  await endWith(attempt, reply, began, stored);
}

async function endWith(attempt: Attempt, reply: Reply, began: number, stored: Stored): Promise<void> {
  const { runtime, run, logFields } = attempt;
  await stored(() => completeRun(attempt, reply));
  const ms = Date.now() - began;
  runtime.log.info({ ...logFields, model: reply.model, ms }, 'run completed');
  runtime.onRunEnd(run, 'completed', ms);
}

async function endWithout(attempt: Attempt, thrown: unknown, began: number, stored: Stored): Promise<void> {
  if (thrown instanceof Stopping) return handBackRun(attempt);
  const { runtime, settings, job, run, logFields } = attempt;
  const { log, onRunEnd } = runtime;
  const error = whileWaiting(job, turnErrorOf(thrown)).masked(settings.mask);
  let outcome: 'failed' | 'waits' = 'failed';
  await stored(async () => {
    outcome = await endFor(attempt, error);
  });
  const more = error.said === undefined ? '' : `; \`gimli runs show ${run.id}\` has what it said`;
  const what = outcome === 'failed' ? 'run failed' : 'run failed, will be tried again';
  log.warn({ ...logFields, code: error.code }, `${what}: ${error.message}${more}`);
  if (outcome === 'failed') onRunEnd(run, 'error', Date.now() - began);
}

/** What follows from a failure is what can be done about it. */
function endFor(attempt: Attempt, error: TurnError): Promise<'failed' | 'waits'> {
  if (error.gate !== undefined) return holdRun(attempt, error);
  const mayTryAgain = error.remedy.again !== undefined && countedAttempt(attempt.job) < maxAttempts;
  return mayTryAgain ? postponeRun(attempt, error) : failRun(attempt, error);
}

/** A run that waits for its provider does not end since the key was taken out meanwhile: it waits for that as well. */
function whileWaiting({ lastGate }: Job, error: TurnError): TurnError {
  if (error.trouble !== 'setup' || lastGate === null || lastGate.includes(':')) return error;
  return new TurnError(error.code, error.message, { trouble: 'key', gate: lastGate, said: error.said });
}

/** What went wrong with us may pass, for all we know. */
function turnErrorOf(thrown: unknown): TurnError {
  if (thrown instanceof TurnError) return thrown;
  return new TurnError('internal', messageOf(thrown), { cause: thrown });
}
