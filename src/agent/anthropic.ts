import type Anthropic from '@anthropic-ai/sdk';
import type { Agent, Turn } from './agent.ts';
import { exchangeMessages, type Message } from './anthropic-exchange.ts';
import { anthropicDialect } from './anthropic-history.ts';
import { replay } from './history.ts';
import { createHttpAgent, type HttpProvider, type Protocol } from './http-agent.ts';
import type { Optional } from './provider-error.ts';
import { thinkingParams } from './thinking.ts';
import { type Answer, total } from './tool-loop.ts';

/** Limit of one reply in tokens. Near 21,000 the vendor begins to ask for streaming. */
const maxTokens = 16_000;

/** The SDK costs about 150 ms to load, so neither start-up nor the first run should pay for it. Loads once. */
export const loadAnthropic = () => import('@anthropic-ai/sdk');

const protocol: Protocol<Anthropic> = {
  baseURLIs: 'without /v1',
  async connect(options) {
    const { Anthropic } = await loadAnthropic();
    return new Anthropic(options);
  },
  async exchange(client, turn, { model, without, heard }) {
    const answers: Answer[] = [];
    const hear = (message: Message) => {
      heard();
      answers.push(answerOf(message));
    };
    const { tools, signal } = turn;
    const reply = await exchangeMessages(client, {
      request: request(turn, model, without),
      model,
      tools,
      signal,
      hear,
    });
    return { ...total(answers), reply };
  },
};

/** Speaks the Anthropic Messages API, the vendor's own or another server's. */
export function createAnthropicAgent(options: HttpProvider): Agent {
  return createHttpAgent(protocol, options);
}

/** Never with temperature and the like, which newer models refuse. */
function request(turn: Turn, model: string, without: ReadonlySet<Optional>): Anthropic.MessageCreateParamsNonStreaming {
  const bare = without.has('thinking');
  const { output_config: effort, ...thinking } = bare ? {} : thinkingParams(turn.model, turn.thinking);
  // Other servers know nothing of it.
  const takesFormat = turn.model.startsWith('claude-') && !without.has('format');
  const format = takesFormat && turn.format && { format: { type: 'json_schema' as const, schema: turn.format } };
  return {
    model: turn.model,
    max_tokens: maxTokens,
    ...thinking,
    ...((effort || format) && { output_config: { ...effort, ...format } }),
    ...(turn.system !== undefined && { system: turn.system }),
    messages: [...replay(turn, model, anthropicDialect, bare), { role: 'user', content: turn.prompt }],
  };
}

function answerOf({ content, usage }: Message): Answer {
  const {
    input_tokens,
    cache_creation_input_tokens,
    cache_read_input_tokens,
    output_tokens,
  }: Partial<Message['usage']> = usage ?? {};
  return {
    text: content.flatMap((block) => (block.type === 'text' ? block.text : [])).join(''),
    usage: {
      inputTokens: (input_tokens ?? 0) + (cache_creation_input_tokens ?? 0) + (cache_read_input_tokens ?? 0),
      outputTokens: output_tokens ?? 0,
    },
  };
}
