import { createHash, randomBytes } from 'node:crypto';
import { ConfigError, messageOf, TurnError } from '../../domain/errors.ts';
import { type Flag, oneLine, type Usage } from '../../domain/run.ts';
import type { Turn } from '../agent.ts';
import type { Models, ReadyAgent } from '../models.ts';
import { safeJson } from '../prompt/fence.ts';
import type { ScreeningSettings } from '../settings/screening.ts';
import { answerFormat, readAnswer } from './answer.ts';
import { type Field, screeningCalls, type Value } from './fields.ts';
import { screeningPolicy } from './policy.ts';

/** Asks a small model whether values from outside are attacks. A signal, not a border: that is what the fence is for. */
export interface Screener {
  /** provider/model */
  readonly model: string;
  /** why it cannot screen, such as for want of an API key; undefined where it may */
  readonly problem: string | undefined;
  /** Differs wherever another verdict might come out: by model, instructions and values. */
  digest(values: readonly Value[]): string;
  /**
   * Judges all values, or stops at the first call in which some are not clean. Rejects with a TurnError where there is no
   * verdict, for whatever reason; when the signal aborts, with its reason. `onUsage` is told of each answer, as of a turn's.
   */
  screen(values: readonly Value[], signal: AbortSignal, onUsage?: Turn['onUsage']): Promise<Screened>;
}

interface Screened {
  /** how often the model was asked; not at all where there was nothing to judge */
  readonly calls: number;
  readonly flagged: readonly Flag[];
  readonly usage: Usage;
}

const longestReason = 200;

/**
 * Throws a ConfigError for a model that cannot be found.
 * @param callMs how long one call may take
 */
export function createScreener(config: ScreeningSettings, models: Models, callMs = 10_000): Screener {
  const { model, agent, id, problem, trouble } = findModel(config.model, models);

  async function ask(fields: readonly Field[], signal: AbortSignal, onUsage: Turn['onUsage']) {
    if (problem !== undefined) throw new TurnError('screened', problem, trouble);
    const limit = new AbortController();
    const late = () => limit.abort(new TurnError('screened', `${model} did not answer within ${callMs / 1000} s`));
    const timer = setTimeout(late, callMs);
    try {
      const { text, usage } = await agent({
        model: id,
        system: screeningPolicy,
        prompt: safeJson({ nonce: randomBytes(16).toString('hex'), fields }),
        format: answerFormat(fields),
        history: [],
        tools: [],
        thinking: 'low',
        onUsage,
        signal: AbortSignal.any([signal, limit.signal]),
      });
      return { results: readAnswer(text, fields), usage };
    } finally {
      clearTimeout(timer);
    }
  }

  return {
    model,
    problem,
    digest: (values) =>
      createHash('sha256')
        .update(JSON.stringify([model, screeningPolicy, values]))
        .digest('hex'),
    async screen(values, signal, onUsage) {
      const flagged = new Map<string, Flag>();
      let [calls, inputTokens, outputTokens] = [0, 0, 0];
      for (const fields of screeningCalls(values)) {
        const { results, usage } = await ask(fields, signal, onUsage);
        calls += 1;
        inputTokens += usage.inputTokens;
        outputTokens += usage.outputTokens;
        for (const { id, verdict, reason } of results) {
          const name = fields.find((field) => field.id === id)?.name ?? id;
          // Several pieces of a value may be flagged: the worst verdict counts.
          if (verdict === 'clean' || flagged.get(name)?.verdict === 'injection') continue;
          flagged.set(name, { name, verdict, reason: oneLine(reason, longestReason) });
        }
        if (flagged.size > 0) break;
      }
      return { calls, flagged: [...flagged.values()], usage: { inputTokens, outputTokens } };
    },
  };
}

/** A command is no place for an attack that is not known yet. */
const unfitApis: ReadonlyMap<ReadyAgent['api'], string> = new Map([
  ['echo', 'calls no model'],
  ['command', 'runs a command'],
]);

function findModel(name: string, models: Models) {
  try {
    const { name: model, agent, model: id, api, problem } = models.agent(models.resolveUnlisted(name));
    const unfit = unfitApis.get(api);
    return {
      model,
      agent,
      id,
      problem: problem ?? (unfit && `${model} ${unfit}, so it cannot screen: set screening.model`),
      trouble: problem === undefined ? { trouble: 'request' as const } : { trouble: 'setup' as const },
    };
  } catch (error) {
    throw new ConfigError([`screening.model: ${messageOf(error)}`]);
  }
}
