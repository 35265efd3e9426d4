import { historyBudget, type Reply, type Turn } from '../../agent/agent.ts';
import { promptLimit } from '../../agent/context-sizes.ts';
import { splitModel } from '../../agent/model-names.ts';
import type { ReadyAgent } from '../../agent/models.ts';
import { TurnError } from '../../domain/errors.ts';
import { countedAttempt, maxAttempts } from '../../domain/job.ts';
import { oursOf, saidIn } from '../../domain/text/said.ts';
import { mcpGrants } from '../../domain/tool-grant.ts';
import type { Trouble } from '../../domain/trouble.ts';
import { sessionHistory } from '../../store/queries/session-history.ts';
import { askAndCount } from './account.ts';
import type { Attempt } from './attempt.ts';
import { agentFor, askWithFallbacks, isPassedOver } from './fallbacks.ts';
import { historyFor } from './history-for.ts';
import { makePrompt } from './make-prompt.ts';
import { reportingTools } from './reporting-tools.ts';
import { openTools, recordedTools } from './run-tools.ts';

/** The turn of an attempt: its prompt, and one exchange with a model. Throws whatever goes wrong. */
export async function takeTurn(attempt: Attempt): Promise<Reply> {
  try {
    return await askWithin(attempt);
  } catch (error) {
    throw ownTrouble(attempt, error) ?? error;
  }
}

async function askWithin(attempt: Attempt): Promise<Reply> {
  const { runtime, settings, run, entry, limit, trace } = attempt;
  const { models, config } = settings;
  const { read } = runtime.store;
  const { signal } = limit;
  checkBeforehand(attempt);
  const find = (name: string) => agentFor(models, read, run, name);
  const fallbacks = models.fallbacks.filter((name) => !entry.shut.has(providerOf(name)));
  const first = await find(modelToAsk(attempt, fallbacks));
  trace.model = first.name;
  const longestPrompt = promptLimit(first.contextTokens);
  const { text, cacheable, isCut } = await makePrompt(runtime, run, {
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
  const reply = await askWithFallbacks({ first, fallbacks, find, ask, onSwitch }).finally(close);
  if (reply.warning !== undefined) noteWarning(attempt, reply.warning);
  return reply;
}

/** Throws a `TurnError` where the attempt is not to begin. */
function checkBeforehand({ job, entry, trace }: Attempt): void {
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
function modelToAsk(attempt: Attempt, fallbacks: readonly string[]): string {
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
function ownTrouble({ run, settings, entry }: Attempt, error: unknown): TurnError | undefined {
  const gate = entry.shut.get(providerOf(run.action.model ?? settings.models.defaultModel));
  if (!gate || !isPassedOver(error) || error.gate !== undefined) return undefined;
  const { key, trouble, reason } = gate;
  return new TurnError('provider', oursOf(reason), { trouble: trouble as Trouble, gate: key, said: saidIn(reason) });
}

/** Notes for the gates how a model did. One that refuses, or cannot do with the request, has answered. */
async function noted({ trace, settings }: Attempt, model: string, asked: Promise<Reply>): Promise<Reply> {
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
  { settings, job, run, limit, live, trace }: Attempt,
  { warning, ...ready }: ReadyAgent,
  turn: Pick<Turn, 'prompt' | 'cacheable' | 'history' | 'thinking' | 'tools'>,
): Promise<Reply> {
  if (warning !== undefined) trace.warnings.push(warning);
  // What a model has said before its provider went down, the next one will say itself.
  live.restart();
  const reporting = reportingTools(run.policy);
  trace.reported = reporting.reported;
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
  const tools = recordedTools([...reporting.tools, ...turn.tools], notes);
  const budget = historyFor(trace.warnings, ready, { ...turn, tools });
  const { model } = ready;
  const onWarning = (message: string) => trace.warnings.push(message);
  return askAndCount(account, ready, {
    ...turn,
    model,
    historyBudget: budget,
    tools,
    onText: live.text,
    onWarning,
    signal,
  });
}

function noteWarning({ runtime, logFields, trace }: Attempt, message: string): void {
  runtime.log.warn(logFields, message);
  trace.warnings.push(message);
}
