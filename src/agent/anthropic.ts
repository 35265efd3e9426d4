import type Anthropic from '@anthropic-ai/sdk';
import { messageOf, TurnError } from '../domain/errors.ts';
import type { Usage } from '../domain/run.ts';
import type { Agent, Turn } from './agent.ts';
import { refusesThinking, turnErrorOf } from './anthropic-error.ts';
import { type Answer, exchange } from './anthropic-exchange.ts';
import { replay } from './history.ts';
import { thinkingParams } from './thinking.ts';

/** Limit of one reply in tokens. Near 21,000 the vendor begins to ask for streaming. */
const maxTokens = 16_000;

export interface AnthropicProvider {
  /** the provider's id in the config */
  readonly provider: string;
  /** without `/v1` */
  readonly baseURL: string;
  /** undefined: every turn fails and says so */
  readonly apiKey: string | undefined;
}

/** The SDK costs about 150 ms to load, so neither start-up nor the first run should pay for it. Loads once. */
export const loadAnthropic = () => import('@anthropic-ai/sdk');

/** Speaks the Anthropic Messages API, the vendor's own or another server's. */
export function createAnthropicAgent({ provider, baseURL, apiKey }: AnthropicProvider): Agent {
  let client: Promise<Anthropic> | undefined;
  const connect = async (key: string) => {
    const { Anthropic } = await loadAnthropic();
    // The job queue retries and the turn's signal limits the time. At debug level the SDK would log prompts.
    return new Anthropic({
      baseURL,
      apiKey: key,
      maxRetries: 0,
      timeout: 86_400_000,
      logLevel: 'off',
      fetch: fetchOnce,
    });
  };
  return async (turn) => {
    const model = `${provider}/${turn.model}`;
    turn.signal.throwIfAborted();
    client ??= connect(usableKey(apiKey, provider));
    try {
      const connected = await client;
      const answers: Answer[] = [];
      const { tools, signal } = turn;
      const hear = (answer: Answer) => void answers.push(answer);
      const send = (bare: boolean) =>
        exchange(connected, { request: request(turn, model, bare), model, tools, signal, hear });
      const reply = await send(false).catch((error) => {
        // Once the model has answered, its tools may have run, and must not run again.
        if (answers.length > 0 || !refusesThinking(error)) throw error;
        return send(true);
      });
      return { text: lastText(answers), reply, usage: usageOf(answers), model };
    } catch (error) {
      turn.signal.throwIfAborted();
      throw turnErrorOf(error, model);
    }
  };
}

/** Never with temperature and the like, which newer models refuse. `bare` leaves out all that has to do with thinking. */
function request(turn: Turn, model: string, bare: boolean): Anthropic.MessageCreateParamsNonStreaming {
  const { output_config: effort, ...thinking } = bare ? {} : thinkingParams(turn.model, turn.thinking);
  const format = turn.format && { format: { type: 'json_schema' as const, schema: turn.format } };
  return {
    model: turn.model,
    max_tokens: maxTokens,
    ...thinking,
    ...((effort || format) && { output_config: { ...effort, ...format } }),
    ...(turn.system !== undefined && { system: turn.system }),
    messages: [...replay(turn, model, bare), { role: 'user', content: turn.prompt }],
  };
}

/** What the last answer that says something says: after its tools a model may have nothing to add. */
function lastText(answers: readonly Answer[]): string {
  const texts = answers.map(({ content }) =>
    content.flatMap((block) => (block.type === 'text' ? block.text : [])).join(''),
  );
  return texts.findLast((text) => text.trim() !== '') ?? '';
}

function usageOf(answers: readonly Answer[]): Usage {
  const sum = (count: (usage: Partial<Answer['usage']>) => number) =>
    answers.reduce((total, { usage }) => total + count(usage ?? {}), 0);
  return {
    inputTokens: sum(
      (usage) =>
        (usage.input_tokens ?? 0) + (usage.cache_creation_input_tokens ?? 0) + (usage.cache_read_input_tokens ?? 0),
    ),
    outputTokens: sum((usage) => usage.output_tokens ?? 0),
  };
}

function usableKey(apiKey = '', provider: string): string {
  const problem = keyProblem(apiKey, provider);
  if (problem !== undefined) throw new TurnError('provider', problem);
  return apiKey;
}

/** Why no request with this key can succeed; undefined where one may. */
export function keyProblem(apiKey: string | undefined, provider: string): string | undefined {
  const setting = `agents.providers.${provider}.apiKey`;
  if (!apiKey) {
    const where = provider === 'anthropic' ? `ANTHROPIC_API_KEY or ${setting}` : setting;
    return `provider "${provider}" has no API key: set ${where}`;
  }
  // Said here and without the key: fetch would quote it in its own error.
  if (!/^[\x21-\x7e]+$/.test(apiKey)) {
    return `the API key of provider "${provider}" holds characters that no key has: check ${setting}`;
  }
  return undefined;
}

/** Node's fetch waits 300 s for an answer to begin, which the SDK reports like a failed connection; but trying again would not help. */
async function fetchOnce(...request: Parameters<typeof fetch>): Promise<Response> {
  try {
    return await fetch(...request);
  } catch (error) {
    const { cause } = error as { cause?: { code?: unknown } };
    if (cause?.code !== 'UND_ERR_HEADERS_TIMEOUT') throw error;
    throw new TurnError('timeout', `the model did not begin to answer within 5 minutes (${messageOf(error)})`);
  }
}
