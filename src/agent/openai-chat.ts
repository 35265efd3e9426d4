import type OpenAI from 'openai';
import type { Usage } from '../domain/run.ts';
import type { Agent, Turn } from './agent.ts';
import { type Dialect, noReply, replay } from './history.ts';
import { createHttpAgent, type HttpProvider, type Protocol } from './http-agent.ts';
import { collectCompletion } from './openai-chat-stream.ts';
import { askForStream, cutOff, noAnswer, openAIClient, refusal } from './openai-client.ts';
import type { Optional } from './provider-error.ts';
import { streamedAnswer } from './streamed-answer.ts';
import { parsedInput, type Said } from './tool-loop.ts';

type Message = OpenAI.ChatCompletionMessageParam;
type Completion = OpenAI.ChatCompletion;
type Request = OpenAI.ChatCompletionCreateParamsNonStreaming;

const protocol: Protocol<OpenAI, Completion, Message> = {
  ...openAIClient,
  dialogue(client, turn, { model, without, extra }) {
    const { messages, ...request } = { ...requestOf(turn, model, without), ...extra };
    const { signal } = turn;
    return {
      async ask(after, tell) {
        const body = { ...request, messages: [...messages, ...after] };
        if (!tell) return client.chat.completions.create(body, { signal });
        const counted = without.has('usage') ? {} : { stream_options: { include_usage: true } };
        const asked = askForStream<OpenAI.ChatCompletionChunk>(
          client,
          '/chat/completions',
          { ...body, ...counted },
          signal,
        );
        return streamedAnswer(asked, (chunks) => collectCompletion(chunks, tell), model);
      },
      usageOf,
      read: (completion) => read(completion, model),
      results: (outcomes) => outcomes.map(({ id, output }) => ({ role: 'tool', tool_call_id: id, content: output })),
    };
  },
};

/** Speaks chat completions with a server of any kind, and so asks for nothing that only some of them know. */
export function createOpenAIChatAgent(options: HttpProvider): Agent {
  return createHttpAgent(protocol, options);
}

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

function usageOf(completion: Completion): Usage | undefined {
  const usage = completion?.usage;
  return usage && { inputTokens: usage.prompt_tokens ?? 0, outputTokens: usage.completion_tokens ?? 0 };
}

function read(completion: Completion, model: string): Said<Message> {
  const [choice] = Array.isArray(completion?.choices) ? completion.choices : [];
  if (!choice?.message) throw noAnswer(model, 'chat completions');
  const { finish_reason: reason, message } = choice;
  if (message.refusal || reason === 'content_filter') throw refusal(model, message.refusal ?? reason);
  if (reason === 'length') throw cutOff(model, reason);
  const calls = (message.tool_calls ?? []).filter((call) => call.type === 'function');
  return {
    // Reasoning, which servers put beside the content under various names, is not for sending back.
    messages: [{ role: 'assistant', content: message.content ?? '', ...(calls.length > 0 && { tool_calls: calls }) }],
    text: message.content ?? '',
    calls: calls.map(({ id, function: { name, arguments: input } }) => ({ id, name, input: () => parsedInput(input) })),
  };
}

const dialect: Dialect<Message> = {
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
