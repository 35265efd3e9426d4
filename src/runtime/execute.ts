import { historyBudget, type Reply } from '../agent/agent.ts';
import type { ReadyAgent } from '../agent/models.ts';
import { messageOf, TurnError } from '../domain/errors.ts';
import { type Job, maxAttempts } from '../domain/job.ts';
import type { Run } from '../domain/run.ts';
import type { ToolCall } from '../domain/tool-call.ts';
import { sessionHistory } from '../store/session-history.ts';
import { askOnAccount, openAccount } from './account.ts';
import { agentFor, askInTurn } from './ask.ts';
import { completeRun, failRun, handBackRun, retryRun } from './finish.ts';
import type { LiveRun } from './live-runs.ts';
import { reportingTools, type Said } from './reporting-tools.ts';
import { openTools, recorded } from './run-tools.ts';
import type { Runtime } from './runtime.ts';
import type { Attempt } from './screen.ts';
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
  makePrompt: (attempt: Attempt) => Promise<string>,
  stopping: AbortSignal,
): Promise<void> {
  const seconds = run.action.timeoutSeconds ?? runtime.current().config.agents.defaults.timeoutSeconds;
  const limit = limitTime(seconds, stopping);
  const live = runtime.live.begin(run, limit.abort);
  try {
    await attempt(runtime, job, run, makePrompt, limit, live, stopping);
  } finally {
    live.over();
  }
}

async function attempt(
  runtime: Runtime,
  job: Job,
  run: Run,
  makePrompt: (attempt: Attempt) => Promise<string>,
  limit: Limit,
  live: LiveRun,
  stopping: AbortSignal,
): Promise<void> {
  const { store, current, log } = runtime;
  const settings = current();
  const { config, models } = settings;
  const began = Date.now();
  const stored = (write: () => Promise<void>) => untilStored(write, stopping, log);
  let prompt: string | undefined;
  let reply: Reply;
  let said: Said = { pings: [], reports: [] };
  let model = run.action.model ?? models.defaultModel;
  const calls: ToolCall[] = [];
  const warnings: string[] = [];
  const about = { runId: run.id, eventId: run.eventId, hook: run.hook, attempt: job.attempt };
  const account = openAccount(run.spending, {
    priceOf: models.priceOf,
    perRun: config.agents.defaults.budget.perRun,
    onUsage: (usage, cost) => runtime.onUsage(run, usage, cost),
  });
  try {
    if (job.attempt > maxAttempts)
      throw new TurnError('interrupted', `gave up after ${maxAttempts} attempts: each was cut short`);
    const spentBefore = account.overBudget();
    if (spentBefore) throw spentBefore;
    const find = (name: string) => agentFor(models, store.read, run, name);
    const first = await find(model);
    model = first.name;
    const text = await makePrompt({ api: first.api, signal: limit.signal, account });
    prompt = text;
    const history = await sessionHistory(store.read, run.sessionKey, historyBudget);
    const thinking = run.action.thinking ?? config.agents.defaults.thinking;
    const opened = await openTools(settings, run.policy.tools, limit.signal);
    // A model that calls a tool wants to be asked once more.
    const mayGoOn = () => {
      const error = account.overBudget();
      if (error) limit.abort(error);
      limit.signal.throwIfAborted();
    };
    const noted = { attempt: job.attempt, calls, signal: limit.signal, onCall: live.tool, mayGoOn };
    const ask = (ready: ReadyAgent) => {
      if (ready.warning !== undefined) warnings.push(ready.warning);
      // What a model has said before its provider went down, the next one will say itself.
      live.restart();
      const reporting = reportingTools(run.policy);
      said = reporting.said;
      const tools = recorded([...reporting.tools, ...opened.tools], noted);
      const turn = { model: ready.model, prompt: text, history, tools, ...(thinking && { thinking }) };
      return askOnAccount(account, ready, { ...turn, onText: live.text, signal: limit.signal });
    };
    const onSwitch = (message: string) => {
      log.warn(about, message);
      warnings.push(message);
    };
    reply = await askInTurn({ first, fallbacks: models.fallbacks, find, ask, onSwitch }).finally(opened.close);
  } catch (thrown) {
    if (thrown instanceof Stopping) {
      await handBackRun(runtime, job, run, { calls, account });
      return;
    }
    const error =
      thrown instanceof TurnError
        ? thrown
        : new TurnError('internal', messageOf(thrown), { cause: thrown, retryable: true });
    const failed = { ...about, code: error.code };
    if (error.retryable && job.attempt < maxAttempts) {
      log.warn(failed, `run failed, will be tried again: ${error.logged}`);
      await stored(() => retryRun(runtime, job, run, { prompt, error, calls, account }));
    } else {
      log.warn(failed, `run failed: ${error.logged}`);
      await stored(() => failRun(runtime, job, run, { prompt, model, error, said, warnings, calls, account }));
      runtime.onRunEnd(run, 'error', Date.now() - began);
    }
    return;
  } finally {
    limit.clear();
  }
  await stored(() => completeRun(runtime, job, run, { prompt, reply, said, warnings, calls, account }));
  const ms = Date.now() - began;
  log.info({ ...about, model: reply.model, ms }, 'run completed');
  runtime.onRunEnd(run, 'completed', ms);
}

interface Limit {
  readonly signal: AbortSignal;
  abort(reason: Error): void;
  clear(): void;
}

/** A signal that aborts with a time-out, or when the worker stops; cleared, it leaves no timer and no listener behind. */
function limitTime(seconds: number, stopping: AbortSignal): Limit {
  const controller = new AbortController();
  const abort = (reason: Error) => controller.abort(reason);
  const stop = () => abort(stopping.reason);
  const timer = setTimeout(
    () => abort(new TurnError('timeout', `the turn took longer than ${seconds} s`)),
    seconds * 1000,
  );
  stopping.addEventListener('abort', stop);
  if (stopping.aborted) stop();
  return {
    signal: controller.signal,
    abort,
    clear() {
      clearTimeout(timer);
      stopping.removeEventListener('abort', stop);
    },
  };
}
