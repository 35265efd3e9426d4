import { historyBudget, type Reply, type Turn } from '../agent/agent.ts';
import { promptLimit } from '../agent/context-sizes.ts';
import { splitModel } from '../agent/model-names.ts';
import type { ReadyAgent } from '../agent/models.ts';
import type { Prompt } from '../agent/prompt.ts';
import { TurnError } from '../domain/errors.ts';
import { countedAttempt, type Job, maxAttempts } from '../domain/job.ts';
import type { Run } from '../domain/run.ts';
import { oursOf, saidIn } from '../domain/said.ts';
import type { ToolCall } from '../domain/tool-call.ts';
import { mcpGrants } from '../domain/tool-grant.ts';
import type { Trouble } from '../domain/trouble.ts';
import { sessionHistory } from '../store/queries/session-history.ts';
import { type Account, askOnAccount } from './account.ts';
import { agentFor, askInTurn, isPassedOver } from './ask.ts';
import type { Entry } from './enter.ts';
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
  readonly entry: Entry;
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
  /** the gates of what has answered */
  readonly well: Set<string>;
  /** what went wrong with those that others stood in for */
  readonly troubles: TurnError[];
}

/** The turn of an attempt: its prompt, and one exchange with a model. Throws whatever goes wrong. */
export async function takeTurn(attempt: OpenAttempt): Promise<Reply> {
  try {
    return await askWithin(attempt);
  } catch (error) {
    throw ownTrouble(attempt, error) ?? error;
  }
}

async function askWithin(attempt: OpenAttempt): Promise<Reply> {
  const { runtime, settings, run, makePrompt, entry, limit, trace } = attempt;
  const { models, config } = settings;
  const { read } = runtime.store;
  const { signal } = limit;
  checkBeforehand(attempt);
  const find = (name: string) => agentFor(models, read, run, name);
  const fallbacks = models.fallbacks.filter((name) => !entry.shut.has(providerOf(name)));
  const first = await find(modelToAsk(attempt, fallbacks));
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
  const history = run.action.withoutTurns ? [] : await sessionHistory(read, run.sessionKey, historyBudget);
  const thinking = run.action.thinking ?? config.agents.defaults.thinking;
  const { tools, warnings, close } = await openTools(settings, run.policy.tools, signal);
  trace.warnings.push(...warnings);
  for (const { server } of mcpGrants(run.policy.tools)) trace.well.add(`mcp:${server}`);
  const turn = { prompt: text, cacheable, history, thinking, tools };
  const ask = (ready: ReadyAgent) => noted(attempt, ready.name, askModel(attempt, ready, turn));
  const onSwitch = (message: string) => noteWarning(attempt, message);
  const reply = await askInTurn({ first, fallbacks, find, ask, onSwitch }).finally(close);
  if (reply.warning !== undefined) noteWarning(attempt, reply.warning);
  return reply;
}

/** Throws a `TurnError` where the attempt is not to begin. */
function checkBeforehand({ job, entry, trace }: OpenAttempt): void {
  if (entry.gaveUp !== undefined) {
    const message = `gave up, since it waited as long as retryFor allows: ${oursOf(entry.gaveUp)}`;
    throw new TurnError('provider', message, { trouble: 'ended', said: saidIn(entry.gaveUp) });
  }
  if (countedAttempt(job) > maxAttempts)
    throw new TurnError('interrupted', `gave up after ${maxAttempts} attempts: each was cut short`);
  const spentBefore = trace.account.overBudget();
  if (spentBefore) throw spentBefore;
}

const providerOf = (model: string) => splitModel(model)[0];

/** The model of the run; one of the fallbacks while its provider is known to be in trouble. */
function modelToAsk(attempt: OpenAttempt, fallbacks: readonly string[]): string {
  const { model } = attempt.trace;
  const [other] = fallbacks;
  if (!attempt.entry.shut.has(providerOf(model)) || other === undefined) return model;
  noteWarning(attempt, `${model}: its provider is in trouble; ${other} is asked instead`);
  return other;
}

/**
 * Where those that stood in for the run's own model cannot do with it, and no gate of theirs will say when they can, the run
 * waits for its own, which was not asked.
 */
function ownTrouble({ run, settings, entry }: OpenAttempt, error: unknown): TurnError | undefined {
  const gate = entry.shut.get(providerOf(run.action.model ?? settings.models.defaultModel));
  if (!gate || !isPassedOver(error) || error.gate !== undefined) return undefined;
  const { key, trouble, reason } = gate;
  return new TurnError('provider', oursOf(reason), { trouble: trouble as Trouble, gate: key, said: saidIn(reason) });
}

/** Notes for the gates how a model did. One that refuses, or cannot do with the request, has answered. */
async function noted({ trace, settings }: OpenAttempt, model: string, asked: Promise<Reply>): Promise<Reply> {
  const { well, troubles } = trace;
  try {
    const reply = await asked;
    well.add(providerOf(model));
    return reply;
  } catch (error) {
    if (!(error instanceof TurnError)) throw error;
    const known = error.masked(settings.mask);
    if (known.gate !== undefined) troubles.push(known);
    else if (!['ended', 'ours', 'setup'].includes(known.trouble)) well.add(providerOf(model));
    throw known;
  }
}

function askModel(
  { settings, job, run, limit, live, trace }: OpenAttempt,
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
  const { mask } = settings;
  const notes = { attempt: job.attempt, calls, signal, onCall: live.tool, mayGoOn, mask };
  const tools = recorded([...reporting.tools, ...turn.tools], notes);
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

function noteWarning({ runtime, about, trace }: OpenAttempt, message: string): void {
  runtime.log.warn(about, message);
  trace.warnings.push(message);
}
