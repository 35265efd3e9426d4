import { historyBudget, type Reply, type Turn } from '../agent/agent.ts';
import { promptLimit } from '../agent/context-sizes.ts';
import type { ReadyAgent } from '../agent/models.ts';
import type { Prompt } from '../agent/prompt.ts';
import { TurnError } from '../domain/errors.ts';
import { type Job, maxAttempts } from '../domain/job.ts';
import type { Run } from '../domain/run.ts';
import type { ToolCall } from '../domain/tool-call.ts';
import { sessionHistory } from '../store/session-history.ts';
import { type Account, askOnAccount } from './account.ts';
import { agentFor, askInTurn } from './ask.ts';
import { historyFor } from './history-for.ts';
import type { LiveRun } from './live-runs.ts';
import { reportingTools, type Said } from './reporting-tools.ts';
import { openTools, recorded } from './run-tools.ts';
import type { Runtime } from './runtime.ts';
import type { Attempt } from './screen.ts';
import type { TimeLimit } from './time-limit.ts';

/** An attempt at a run that is under way. */
export interface OpenAttempt {
  readonly runtime: Runtime;
  /** as they were when it began, whatever is reloaded meanwhile */
  readonly settings: ReturnType<Runtime['current']>;
  readonly job: Job;
  readonly run: Run;
  /** which attempt it is, for the log */
  readonly about: object;
  readonly makePrompt: (attempt: Attempt) => Promise<Prompt>;
  readonly limit: TimeLimit;
  readonly live: LiveRun;
  readonly trace: Trace;
}

/** What an attempt leaves behind, as far as it came: noted on the way, so that one which fails has it as well. */
export interface Trace {
  /** provider/model that the run asks for */
  model: string;
  prompt: string | undefined;
  /** with the tools of the model that was asked last */
  said: Said;
  readonly warnings: string[];
  readonly calls: ToolCall[];
  readonly account: Account;
}

/** The turn of an attempt: its prompt, and one exchange with a model. Throws whatever goes wrong. */
export async function takeTurn(attempt: OpenAttempt): Promise<Reply> {
  const { runtime, settings, run, makePrompt, limit, trace } = attempt;
  const { models, config } = settings;
  const { read } = runtime.store;
  const { signal } = limit;
  checkBeforehand(attempt);
  const find = (name: string) => agentFor(models, read, run, name);
  const first = await find(trace.model);
  trace.model = first.name;
  const longestPrompt = promptLimit(first.contextTokens);
  const { text, cacheable, isCut } = await makePrompt({
    api: first.api,
    longestPrompt,
    signal,
    account: trace.account,
  });
  trace.prompt = text;
  if (isCut) trace.warnings.push(`the prompt was shortened to ${longestPrompt.toLocaleString('en-US')} characters`);
  const history = await sessionHistory(read, run.sessionKey, historyBudget);
  const thinking = run.action.thinking ?? config.agents.defaults.thinking;
  const { tools, warnings, close } = await openTools(settings, run.policy.tools, signal);
  trace.warnings.push(...warnings);
  const ask = (ready: ReadyAgent) => askModel(attempt, ready, { prompt: text, cacheable, history, thinking, tools });
  const onSwitch = (message: string) => noteSwitch(attempt, message);
  return askInTurn({ first, fallbacks: models.fallbacks, find, ask, onSwitch }).finally(close);
}

/** Throws a `TurnError` where the attempt is not to begin. */
function checkBeforehand({ job, trace }: OpenAttempt): void {
  if (job.attempt > maxAttempts)
    throw new TurnError('interrupted', `gave up after ${maxAttempts} attempts: each was cut short`);
  const spentBefore = trace.account.overBudget();
  if (spentBefore) throw spentBefore;
}

function askModel(
  { job, run, limit, live, trace }: OpenAttempt,
  { warning, ...ready }: ReadyAgent,
  turn: Pick<Turn, 'prompt' | 'cacheable' | 'history' | 'thinking' | 'tools'>,
): Promise<Reply> {
  if (warning !== undefined) trace.warnings.push(warning);
  // What a model has said before its provider went down, the next one will say itself.
  live.restart();
  const reporting = reportingTools(run.policy);
  trace.said = reporting.said;
  const { signal } = limit;
  const { account, calls } = trace;
  // A model that calls a tool wants to be asked once more.
  const mayGoOn = () => {
    const error = account.overBudget();
    if (error) limit.abort(error);
    signal.throwIfAborted();
  };
  const noted = { attempt: job.attempt, calls, signal, onCall: live.tool, mayGoOn };
  const tools = recorded([...reporting.tools, ...turn.tools], noted);
  const budget = historyFor(trace.warnings, ready, { ...turn, tools });
  const { model } = ready;
  const onWarning = (message: string) => trace.warnings.push(message);
  return askOnAccount(account, ready, {
    ...turn,
    model,
    historyBudget: budget,
    tools,
    onText: live.text,
    onWarning,
    signal,
  });
}

function noteSwitch({ runtime, about, trace }: OpenAttempt, message: string): void {
  runtime.log.warn(about, message);
  trace.warnings.push(message);
}
