import type Anthropic from '@anthropic-ai/sdk';
import { TurnError } from '../domain/errors.ts';
import type { Usage } from '../domain/run.ts';
import type { Said } from './tool-loop.ts';

type Message = Anthropic.Message;

export function usageOf(message: Message): Usage | undefined {
  const usage: Partial<Message['usage']> | undefined = message?.usage;
  if (!usage) return undefined;
  const { input_tokens, cache_creation_input_tokens, cache_read_input_tokens, output_tokens } = usage;
  return {
    inputTokens: (input_tokens ?? 0) + (cache_creation_input_tokens ?? 0) + (cache_read_input_tokens ?? 0),
    outputTokens: output_tokens ?? 0,
  };
}

/** Throws a `TurnError` for an answer that is none, or that is not whole. */
export function readMessage(message: Message, model: string): Said<Anthropic.MessageParam> {
  if (!Array.isArray(message?.content)) {
    throw new TurnError(
      'provider',
      `${model}: the answer is no message of the Anthropic API; check the provider's baseURL`,
    );
  }
  const { stop_reason: reason, stop_details: details, content } = message;
  if (reason === 'refusal') {
    const { explanation, category } = details ?? {};
    throw new TurnError('refusal', `${model}: the model refused (${explanation ?? category ?? 'it gave no reason'})`);
  }
  // A pause is the vendor's own tools at work, of which we ask for none.
  if (reason === 'max_tokens' || reason === 'model_context_window_exceeded' || reason === 'pause_turn') {
    throw new TurnError('truncated', `${model}: the reply was cut off (${reason})`);
  }
  return {
    text: content.flatMap((block) => (block.type === 'text' ? block.text : [])).join(''),
    messages: [{ role: 'assistant', content }],
    calls: content.flatMap((block) =>
      block.type === 'tool_use' ? { id: block.id, name: block.name, input: () => block.input } : [],
    ),
  };
}
