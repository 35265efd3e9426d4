import type OpenAI from 'openai';
import type { Agent, Turn } from '../agent.ts';
import { noReply, type ReplayDialect, replay } from '../history/history.ts';
import { askServer } from '../http/ask-server.ts';
import { createHttpAgent, type HttpProvider, type Protocol } from '../http/http-agent.ts';
import { httpApi } from '../http/http-api.ts';
import type { Optional } from '../trouble/provider-error.ts';
import { chatUsage, readCompletion } from './chat-message.ts';
import { collectCompletion } from './chat-stream.ts';
import { ending, loadOpenAI, openAIClient } from './client.ts';

type Message = OpenAI.ChatCompletionMessageParam;
type Request = OpenAI.ChatCompletionCreateParamsNonStreaming;

const protocol: Protocol<Message> = {
  ...openAIClient,
  dialogue(client, turn, { model, without, extra }) {
    const { messages, ...request } = { ...requestOf(turn, model, without), ...extra };
    const { signal } = turn;
    return {
      ask(after, tell) {
        const counted = without.has('usage') ? {} : { stream_options: { include_usage: true } };
        const body = { ...request, messages: [...messages, ...after], ...(tell && { stream: true, ...counted }) };
        return askServer(client, { path: '/chat/completions', body, signal, tell, collect: collectCompletion });
      },
      usageOf: chatUsage,
      read: readCompletion,
      results: (outcomes) => outcomes.map(({ id, output }) => ({ role: 'tool', tool_call_id: id, content: output })),
    };
  },
};

/** Speaks chat completions with a server of any kind, and so asks for nothing that only some of them know. */
export function createOpenAIChatAgent(options: HttpProvider): Agent {
  return createHttpAgent(protocol, options);
}

/** Whoever runs the server says where it is. */
export const openaiChat = httpApi({
  name: 'openai-chat',
  create: createOpenAIChatAgent,
  load: loadOpenAI,
  ending,
  apiKey: 'none',
});

/** Without a limit of tokens: a server that adds it to the prompt refuses what would not fit into its context. */
function requestOf(turn: Turn, model: string, without: ReadonlySet<Optional>): Request {
  const { tools, format, system } = turn;
  return {
    model: turn.model,
    ...(format &&
      !without.has('format') && {
        response_format: { type: 'json_schema', json_schema: { name: 'answer', schema: { ...format }, strict: true } },
      }),
    ...(tools.length > 0 && {
      tools: tools.map(({ name, description, inputSchema }) => ({
        type: 'function',
        function: { name, description, parameters: { ...inputSchema } },
      })),
    }),
    messages: [
      ...(system === undefined ? [] : [{ role: 'system' as const, content: system }]),
      ...replay(turn, model, dialect, without.has('thinking')),
      { role: 'user', content: turn.prompt },
    ],
  };
}

const dialect: ReplayDialect<Message> = {
  knows(message) {
    const { role, content } = message as Record<string, unknown>;
    return (role === 'assistant' || role === 'tool') && typeof content === 'string';
  },
  callsTools: (message) => message.role === 'assistant' && (message.tool_calls ?? []).length > 0,
  say: (reply) => reply.map((message) => (isEmpty(message) ? { role: 'assistant', content: noReply } : message)),
};

function isEmpty(message: Message): boolean {
  return message.role === 'assistant' && !message.content && !dialect.callsTools(message);
}
