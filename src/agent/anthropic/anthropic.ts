import type Anthropic from '@anthropic-ai/sdk';
import type { Agent, Turn } from '../agent.ts';
import { replay } from '../history/history.ts';
import { askServer } from '../http/ask-server.ts';
import { createHttpAgent, type HttpProvider, type Protocol } from '../http/http-agent.ts';
import { httpApi } from '../http/http-api.ts';
import type { Optional } from '../trouble/provider-error.ts';
import { cachedHistory, cachedPrompt, cachedSystem, cachedTools, isWorthCaching } from './cache.ts';
import { anthropicDialect } from './history.ts';
import { anthropicUsage, readMessage } from './message.ts';
import { collectMessage } from './stream.ts';
import { thinkingParams } from './thinking.ts';

/** Limit of one reply in tokens. Near 21,000 the vendor begins to ask for streaming. */
const maxTokens = 16_000;

/** The SDK costs about 150 ms to load, so neither start-up nor the first run should pay for it. Loads once. */
const loadAnthropic = () => import('@anthropic-ai/sdk');

const protocol: Protocol<Anthropic.MessageParam> = {
  baseURLIs: 'without /v1',
  async connect(options) {
    const { Anthropic } = await loadAnthropic();
    return new Anthropic(options);
  },
  dialogue(client, turn, { model, without, extra }) {
    const { messages, ...request } = { ...requestOf(turn, model, without), ...extra };
    const { signal } = turn;
    return {
      ask(after, tell) {
        const body = { ...request, messages: [...messages, ...after], ...(tell && { stream: true }) };
        return askServer(client, { path: '/v1/messages', body, signal, tell, collect: collectMessage });
      },
      usageOf: anthropicUsage,
      read: readMessage,
      // In one message: after a call the API takes nothing else before all results are there.
      results: (outcomes) => [
        {
          role: 'user',
          content: outcomes.map(({ id, output, failed }) => ({
            type: 'tool_result',
            tool_use_id: id,
            content: output,
            ...(failed && { is_error: true }),
          })),
        },
      ],
    };
  },
};

/** Speaks the Anthropic Messages API, the vendor's own or another server's. */
export function createAnthropicAgent(options: HttpProvider): Agent {
  return createHttpAgent(protocol, options);
}

export const anthropic = httpApi({
  name: 'anthropic',
  create: createAnthropicAgent,
  load: loadAnthropic,
  baseURL: 'https://api.anthropic.com',
  ending: [/\/v1\/?$/, 'ends in /v1, which the Anthropic protocol adds by itself: leave it out'],
});

/** Never with temperature and the like, which newer models refuse. */
function requestOf(
  turn: Turn,
  model: string,
  without: ReadonlySet<Optional>,
): Anthropic.MessageCreateParamsNonStreaming {
  const { system, tools } = turn;
  const bare = without.has('thinking');
  const { output_config: effort, ...thinking } = bare ? {} : thinkingParams(turn.model, turn.thinking);
  // Other servers know nothing of these.
  const isVendors = turn.model.startsWith('claude-');
  const takesFormat = isVendors && !without.has('format');
  const format = takesFormat && turn.format && { format: { type: 'json_schema' as const, schema: turn.format } };
  const offered = tools.map(({ name, description, inputSchema }) => ({
    name,
    description,
    input_schema: { ...inputSchema },
  }));
  const history = replay(turn, model, anthropicDialect, bare);
  const { cacheable = 0 } = turn;
  const takesCache = isVendors && !without.has('cache') && isWorthCaching([offered, system, history], cacheable);
  return {
    model: turn.model,
    max_tokens: maxTokens,
    ...thinking,
    ...((effort || format) && { output_config: { ...effort, ...format } }),
    ...(system !== undefined && { system: takesCache ? cachedSystem(system) : system }),
    ...(tools.length > 0 && { tools: takesCache ? cachedTools(offered) : offered }),
    messages: [
      ...(takesCache ? cachedHistory(history) : history),
      { role: 'user', content: takesCache ? cachedPrompt(turn.prompt, cacheable) : turn.prompt },
    ],
  };
}
