import type OpenAI from 'openai';
import type { Thinking } from '../../domain/action.ts';
import type { Agent, Turn } from '../agent.ts';
import { type ReplayDialect, replay } from '../history/history.ts';
import { askServer } from '../http/ask-server.ts';
import { createHttpAgent, type HttpProvider, type Protocol } from '../http/http-agent.ts';
import { httpApi } from '../http/http-api.ts';
import type { Optional } from '../trouble/provider-error.ts';
import { ending, loadOpenAI, openAIClient } from './client.ts';
import { readResponse, responseUsage } from './response.ts';
import { collectResponse } from './stream.ts';

type Item = OpenAI.Responses.ResponseInputItem;
type Request = OpenAI.Responses.ResponseCreateParamsNonStreaming;

/** Limit of one reply in tokens. Reasoning counts, for which alone the vendor wants 25,000 kept free. */
const maxTokens = 32_000;

/** A model that does not know one of these is asked again without. */
const efforts: Readonly<Record<Thinking, OpenAI.ReasoningEffort>> = {
  off: 'none',
  minimal: 'low',
  low: 'low',
  medium: 'medium',
  high: 'high',
  max: 'max',
};

const protocol: Protocol<Item> = {
  ...openAIClient,
  dialogue(client, turn, { model, without }) {
    const { input, ...request } = requestOf(turn, model, without);
    const { signal } = turn;
    return {
      ask(after, tell) {
        const body = { ...request, input: [...input, ...after], ...(tell && { stream: true }) };
        return askServer(client, { path: '/responses', body, signal, tell, collect: collectResponse });
      },
      usageOf: responseUsage,
      read: readResponse,
      results: (outcomes) => outcomes.map(({ id, output }) => ({ type: 'function_call_output', call_id: id, output })),
    };
  },
};

/** Speaks OpenAI's Responses API, and leaves nothing on the vendor's server. */
export function createOpenAIAgent(options: HttpProvider): Agent {
  return createHttpAgent(protocol, options);
}

export const openai = httpApi({
  name: 'openai',
  create: createOpenAIAgent,
  load: loadOpenAI,
  baseURL: 'https://api.openai.com/v1',
  ending,
});

function requestOf(
  { tools, ...turn }: Turn,
  model: string,
  without: ReadonlySet<Optional>,
): Request & { input: Item[] } {
  const bare = without.has('thinking');
  return {
    model: turn.model,
    max_output_tokens: maxTokens,
    store: false,
    ...(!bare && { include: ['reasoning.encrypted_content'] }),
    ...(!bare && turn.thinking && { reasoning: { effort: efforts[turn.thinking] } }),
    ...(turn.format &&
      !without.has('format') && {
        text: { format: { type: 'json_schema', name: 'answer', schema: turn.format, strict: true } },
      }),
    ...(turn.system !== undefined && { instructions: turn.system }),
    ...(tools.length > 0 && {
      tools: tools.map(({ name, description, inputSchema }) => ({
        type: 'function',
        name,
        description,
        parameters: { ...inputSchema },
        strict: false,
      })),
    }),
    input: [...replay({ ...turn, tools }, model, dialect, bare), { role: 'user', content: turn.prompt }],
  };
}

/**
 * Items of the Responses API as it gave them. An item refers by its id to the reasoning that led to it, so without the one
 * the other goes, too.
 */
const dialect: ReplayDialect<Item> = {
  knows: (item) => typeof (item as { type?: unknown }).type === 'string',
  callsTools: ({ type }) => type === 'function_call',
  say: (reply, withThinking) =>
    reply.flatMap((item) => {
      if (withThinking) return item;
      if (item.type === 'reasoning') return [];
      const { id: _, ...rest } = item as Item & { id?: unknown };
      return rest as Item;
    }),
};
