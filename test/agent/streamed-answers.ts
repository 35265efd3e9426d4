import type { Agent } from '../../src/agent/agent.ts';
import { createAnthropicAgent } from '../../src/agent/anthropic/anthropic.ts';
import type { HttpProvider } from '../../src/agent/http/http-agent.ts';
import { createOpenAIChatAgent } from '../../src/agent/openai/chat.ts';
import { createOpenAIAgent } from '../../src/agent/openai/openai.ts';

/** An answer in both forms of its API. */
export interface Both {
  readonly whole: object;
  /** the last that it needs is the last here */
  readonly events: readonly object[];
}

export interface Api {
  readonly create: (options: HttpProvider) => Agent;
  readonly base: '' | '/v1';
  readonly model: string;
  /** what a request for a stream has that one for a whole answer has not */
  readonly asksFor: object;
  /** says "Hel", "lo", and thinks before it does where its API tells of that */
  readonly hello: Both;
  readonly refusal: Both;
  readonly cutOff: Both;
  /** what a server says when it breaks off: for it is overloaded, and for the request is wrong */
  readonly overloaded: object;
  readonly invalid: object;
}

const spent = { input_tokens: 7, output_tokens: 3 };

const message = (more: object) => ({ id: 'msg_1', type: 'message', role: 'assistant', model: 'm', ...more });
export const start = {
  type: 'message_start',
  message: message({ content: [], stop_reason: null, usage: { ...spent, output_tokens: 1 } }),
};
export const blockStart = (index: number, content_block: object) => ({
  type: 'content_block_start',
  index,
  content_block,
});
export const blockDelta = (index: number, delta: object) => ({ type: 'content_block_delta', index, delta });
export const blockStop = (index: number) => ({ type: 'content_block_stop', index });
export const end = (delta: object) => [
  { type: 'message_delta', delta: { stop_sequence: null, ...delta }, usage: { input_tokens: null, output_tokens: 3 } },
  { type: 'message_stop' },
];
/** One that says "Hm" and stops so. */
export const stopped = (delta: object): Both => ({
  whole: message({ content: [{ type: 'text', text: 'Hm' }], stop_sequence: null, usage: spent, ...delta }),
  events: [
    start,
    blockStart(0, { type: 'text', text: '' }),
    blockDelta(0, { type: 'text_delta', text: 'Hm' }),
    blockStop(0),
    ...end(delta),
  ],
});

export const response = (more: object) => ({
  id: 'r',
  object: 'response',
  status: 'completed',
  output: [],
  usage: spent,
  ...more,
});
export const saying = (text: string, more: object = {}) => ({
  type: 'message',
  id: 'msg_1',
  role: 'assistant',
  status: 'completed',
  content: [{ type: 'output_text', text, annotations: [] }],
  ...more,
});
export const textDelta = (delta: string, output_index = 1) => ({
  type: 'response.output_text.delta',
  output_index,
  content_index: 0,
  delta,
});
const created = { type: 'response.created', response: response({ status: 'in_progress', usage: null }) };
const final = (type: string, whole: object): Both => ({
  whole,
  events: [created, { type: `response.${type}`, response: whole }],
});
const reasoning = { type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: 'xyz' };
const hello = response({ output: [reasoning, saying('Hello')] });

const counts = { prompt_tokens: 7, completion_tokens: 3 };
export const chunk = (delta: object, finish_reason: string | null = null, more: object = {}) => ({
  object: 'chat.completion.chunk',
  choices: [{ index: 0, delta, finish_reason }],
  ...more,
});
const chosen = (message: object, finish_reason = 'stop') => ({
  choices: [{ index: 0, message: { role: 'assistant', ...message }, finish_reason }],
  usage: counts,
});

export const apis: readonly [string, Api][] = [
  [
    'anthropic',
    {
      create: createAnthropicAgent,
      base: '',
      model: 'claude-haiku-5-5',
      asksFor: { stream: true },
      hello: {
        whole: message({
          content: [
            { type: 'thinking', thinking: 'hm, hm', signature: 's1' },
            { type: 'redacted_thinking', data: 'xyz' },
            { type: 'text', text: 'Hello', citations: [{ cited_text: 'x' }] },
          ],
          stop_reason: 'end_turn',
          usage: spent,
        }),
        events: [
          start,
          blockStart(0, { type: 'thinking', thinking: '', signature: '' }),
          blockDelta(0, { type: 'thinking_delta', thinking: 'hm, ' }),
          blockDelta(0, { type: 'thinking_delta', thinking: 'hm' }),
          blockDelta(0, { type: 'signature_delta', signature: 's1' }),
          blockStop(0),
          blockStart(1, { type: 'redacted_thinking', data: 'xyz' }),
          blockStop(1),
          { type: 'ping' },
          blockStart(2, { type: 'text', text: '' }),
          blockDelta(2, { type: 'text_delta', text: 'Hel' }),
          blockDelta(2, { type: 'text_delta', text: 'lo' }),
          blockDelta(2, { type: 'citations_delta', citation: { cited_text: 'x' } }),
          blockStop(2),
          ...end({ stop_reason: 'end_turn' }),
        ],
      },
      refusal: stopped({ stop_reason: 'refusal', stop_details: { explanation: 'no way' } }),
      cutOff: stopped({ stop_reason: 'max_tokens' }),
      overloaded: { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } },
      invalid: { type: 'error', error: { type: 'invalid_request_error', message: 'messages: bad' } },
    },
  ],
  [
    'openai',
    {
      create: createOpenAIAgent,
      base: '/v1',
      model: 'gpt-6.1-sol',
      asksFor: { stream: true },
      hello: {
        whole: hello,
        events: [
          created,
          { type: 'response.output_item.added', output_index: 0, item: reasoning },
          { type: 'response.output_item.done', output_index: 0, item: reasoning },
          { type: 'response.output_item.added', output_index: 1, item: saying('', { content: [] }) },
          textDelta('Hel'),
          textDelta('lo'),
          { type: 'response.output_item.done', output_index: 1, item: saying('Hello') },
          { type: 'response.completed', response: hello },
        ],
      },
      refusal: final(
        'completed',
        response({ output: [saying('', { content: [{ type: 'refusal', refusal: 'no way' }] })] }),
      ),
      cutOff: final(
        'incomplete',
        response({ status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } }),
      ),
      overloaded: { type: 'error', code: 'server_error', message: 'Overloaded' },
      invalid: { type: 'error', code: 'invalid_request_error', message: 'messages: bad' },
    },
  ],
  [
    'openai-chat',
    {
      create: createOpenAIChatAgent,
      base: '/v1',
      model: 'qwen3-coder',
      asksFor: { stream: true, stream_options: { include_usage: true } },
      hello: {
        whole: chosen({ content: 'Hello' }),
        events: [
          chunk({ role: 'assistant', content: '' }),
          chunk({ reasoning_content: 'hm' }),
          chunk({ content: 'Hel' }),
          chunk({ content: 'lo' }),
          { ...chunk({}, 'stop'), usage: counts },
        ],
      },
      refusal: {
        whole: chosen({ content: null, refusal: 'no way' }),
        events: [chunk({ refusal: 'no ' }), chunk({ refusal: 'way' }), chunk({}, 'stop', { usage: counts })],
      },
      cutOff: {
        whole: chosen({ content: 'Hm' }, 'length'),
        events: [chunk({ content: 'Hm' }), { choices: [], usage: counts }, chunk({}, 'length')],
      },
      overloaded: { error: { message: 'Overloaded', code: 529 } },
      invalid: { error: { message: 'messages: bad', type: 'invalid_request_error' } },
    },
  ],
];
