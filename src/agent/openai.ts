import type OpenAI from 'openai';
import type { Thinking } from '../domain/action.ts';
import { TurnError } from '../domain/errors.ts';
import type { Usage } from '../domain/run.ts';
import type { Agent, Turn } from './agent.ts';
import { type Dialect, replay } from './history.ts';
import { createHttpAgent, type HttpProvider, type Protocol } from './http-agent.ts';
import { askForStream, cutOff, noAnswer, openAIClient, refusal } from './openai-client.ts';
import { collectResponse } from './openai-stream.ts';
import { isRefusal, type Optional, tooLong } from './provider-error.ts';
import { streamedAnswer } from './streamed-answer.ts';
import { parsedInput, type Said } from './tool-loop.ts';

type Item = OpenAI.Responses.ResponseInputItem;
type Response = OpenAI.Responses.Response;
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

const protocol: Protocol<OpenAI, Response, Item> = {
  ...openAIClient,
  dialogue(client, turn, { model, without }) {
    const { input, ...request } = requestOf(turn, model, without);
    const { signal } = turn;
    return {
      // Not `responses.create`, which stumbles over an answer that is no object.
      async ask(after, tell) {
        const body: Request = { ...request, input: [...input, ...after] };
        if (!tell) return client.post<Response>('/responses', { body, signal });
        const asked = askForStream<OpenAI.Responses.ResponseStreamEvent>(client, '/responses', body, signal);
        return streamedAnswer(asked, (events) => collectResponse(events, tell), model);
      },
      usageOf,
      read: (response) => read(response, model),
      results: (outcomes) => outcomes.map(({ id, output }) => ({ type: 'function_call_output', call_id: id, output })),
    };
  },
};

/** Speaks OpenAI's Responses API, and leaves nothing on the vendor's server. */
export function createOpenAIAgent(options: HttpProvider): Agent {
  return createHttpAgent(protocol, options);
}

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

function usageOf(response: Response): Usage | undefined {
  const usage = response?.usage;
  return usage && { inputTokens: usage.input_tokens ?? 0, outputTokens: usage.output_tokens ?? 0 };
}

function read(response: Response, model: string): Said<Item> {
  if (!Array.isArray(response?.output)) throw noAnswer(model, 'Responses');
  const { output } = response;
  checkWhole(response, model);
  const messages = output.flatMap((item) => (item.type === 'message' ? item : []));
  const refused = messages.flatMap(({ content }) => content).find((part) => part.type === 'refusal');
  if (refused) throw refusal(model, refused.refusal);
  const final = messages.filter(({ phase }) => phase !== 'commentary');
  return {
    messages: output as readonly Item[],
    text: (final.length > 0 ? final : messages).map(textOf).join('\n\n'),
    calls: output.flatMap((item) =>
      item.type === 'function_call'
        ? { id: item.call_id, name: item.name, input: () => parsedInput(item.arguments) }
        : [],
    ),
  };
}

function textOf({ content }: OpenAI.Responses.ResponseOutputMessage): string {
  return content.map((part) => (part.type === 'output_text' ? part.text : '')).join('');
}

/** The last three are not documented; streams are said to end so. */
const passing: ReadonlySet<string> = new Set([
  'server_error',
  'rate_limit_exceeded',
  'insufficient_quota',
  'server_is_overloaded',
  'slow_down',
]);

/** The server answers with 200 also where the model failed on the way. */
function checkWhole({ status, error, incomplete_details }: Response, model: string): void {
  if (status === 'failed' || error) {
    const { message } = error ?? {};
    const code: string | undefined = error?.code;
    if (isRefusal(code)) throw refusal(model, message);
    if (code === 'context_length_exceeded') throw tooLong(`${model}: ${message}`);
    const retryable = code === undefined || passing.has(code);
    throw new TurnError('provider', `${model}: the model failed (${message ?? 'without a reason'})`, {
      trouble: retryable ? 'outage' : 'request',
    });
  }
  if (status !== 'incomplete') return;
  const reason = incomplete_details?.reason ?? 'it gave no reason';
  throw reason === 'content_filter' ? refusal(model, reason) : cutOff(model, reason);
}

/**
 * Items of the Responses API as it gave them. An item refers by its id to the reasoning that led to it, so without the one
 * the other goes, too.
 */
const dialect: Dialect<Item> = {
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
