import type { Reply } from '../agent/agent.ts';
import type { Prompt } from '../agent/prompt.ts';
import { messageOf, TurnError } from '../domain/errors.ts';
import { countedAttempt, type Job, maxAttempts } from '../domain/job.ts';
import type { Run } from '../domain/run.ts';
import { openAccount } from './account.ts';
import type { Entry } from './enter.ts';
import { completeRun, failRun, handBackRun, holdRun, postponeRun } from './finish.ts';
import type { Runtime } from './runtime.ts';
import type { Attempt } from './screen.ts';
import { limitTime } from './time-limit.ts';
import { type OpenAttempt, type Trace, takeTurn } from './turn.ts';
import { untilStored } from './until-stored.ts';
import { Stopping } from './worker.ts';

/**
 * One attempt at a run: build the prompt, which may have its values screened, one exchange with the model, one finishing
 * transaction. Never throws for what goes wrong with the turn; that is part of the record.
 */
export async function execute(
  runtime: Runtime,
  job: Job,
  run: Run,
  { makePrompt, ...entry }: Entry & { makePrompt: (attempt: Attempt) => Promise<Prompt> },
  stopping: AbortSignal,
): Promise<void> {
  const settings = runtime.current();
  const about = { runId: run.id, eventId: run.eventId, hook: run.hook, attempt: job.attempt };
  const trace = newTrace(runtime, settings, run);
  const seconds = run.action.timeoutSeconds ?? settings.config.agents.defaults.timeoutSeconds;
  const late = () => new TurnError('timeout', `the turn took longer than ${seconds} s`);
  const limit = limitTime(seconds * 1000, late, stopping);
  const live = runtime.live.begin(run, limit.abort);
  const attempt = { runtime, settings, job, run, about, makePrompt, entry, limit, live, trace };
  try {
    await makeAttempt(attempt, stopping);
  } finally {
    live.over();
  }
}

function newTrace({ onUsage }: Runtime, { config, models }: OpenAttempt['settings'], run: Run): Trace {
  const account = openAccount(run.spending, {
    priceOf: models.priceOf,
    perRun: config.agents.defaults.budget.perRun,
    onUsage: (usage, cost) => onUsage(run, usage, cost),
  });
  const model = run.action.model ?? models.defaultModel;
  const said = { pings: [], reports: [] };
  const warnings = [...(run.action.warnings ?? [])];
  return { model, prompt: undefined, said, warnings, calls: [], account, well: new Set(), troubles: [] };
}

async function makeAttempt(attempt: OpenAttempt, stopping: AbortSignal): Promise<void> {
  const began = Date.now();
  const stored = (write: () => Promise<void>) => untilStored(write, stopping, attempt.runtime.log);
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

type Stored = (write: () => Promise<void>) => Promise<void>;

async function endWith(
  { runtime, settings, job, run, about, trace }: OpenAttempt,
  reply: Reply,
  began: number,
  stored: Stored,
): Promise<void> {
  await stored(() => completeRun(runtime, job, run, { ...trace, warnings: trace.warnings.map(settings.mask), reply }));
  const ms = Date.now() - began;
  runtime.log.info({ ...about, model: reply.model, ms }, 'run completed');
  runtime.onRunEnd(run, 'completed', ms);
}

async function endWithout(
  { runtime, settings, job, run, about, trace }: OpenAttempt,
  thrown: unknown,
  began: number,
  stored: Stored,
): Promise<void> {
  if (thrown instanceof Stopping) return handBackRun(runtime, job, run, trace);
  const { log, onRunEnd } = runtime;
  const { mask } = settings;
  const error = whileWaiting(job, turnErrorOf(thrown)).masked(mask);
  const failure = { ...trace, warnings: trace.warnings.map(mask), error };
  const failed = { ...about, code: error.code };
  const { again } = error.remedy;
  let outcome: 'failed' | 'waits' = 'failed';
  await stored(async () => {
    if (error.gate !== undefined) outcome = await holdRun(runtime, job, run, failure);
    else if (again !== undefined && countedAttempt(job) < maxAttempts)
      outcome = await postponeRun(runtime, job, run, failure);
    else outcome = await failRun(runtime, job, run, failure);
  });
  const more = error.said === undefined ? '' : `; \`gimli runs show ${run.id}\` has what it said`;
  log.warn(failed, `run ${outcome === 'failed' ? 'failed' : 'failed, will be tried again'}: ${error.message}${more}`);
  if (outcome === 'failed') onRunEnd(run, 'error', Date.now() - began);
}

/** A run that waits for its provider does not end since the key was taken out meanwhile: it waits for that as well. */
function whileWaiting({ gate }: Job, error: TurnError): TurnError {
  if (error.trouble !== 'setup' || gate === null || gate.includes(':')) return error;
  return new TurnError(error.code, error.message, { trouble: 'key', gate, said: error.said });
}

/** What went wrong with us may pass, for all we know. */
function turnErrorOf(thrown: unknown): TurnError {
  if (thrown instanceof TurnError) return thrown;
  return new TurnError('internal', messageOf(thrown), { cause: thrown });
}
