import type Anthropic from '@anthropic-ai/sdk';
import type { Usage } from '../../domain/run.ts';
import { type Fields, fieldsOf, isFields } from '../fields.ts';
import { countIn, countsOf, idIn, inputIn, listIn, nameIn, objectIn, textIn } from '../http/answer-parts.ts';
import { checkEnd } from '../http/ends.ts';
import type { ModelAnswer } from '../http/tool-loop.ts';
import { failureIn } from '../trouble/failure.ts';
import { anErrorUnder200, noAnswer, refused, told, wrongShape } from '../trouble/provider-trouble.ts';

export function anthropicUsage(message: unknown): Usage | undefined {
  const usage = countsOf(message);
  if (!usage) return undefined;
  const { input_tokens, cache_creation_input_tokens, cache_read_input_tokens, output_tokens } = usage;
  return {
    inputTokens: countIn(input_tokens) + countIn(cache_creation_input_tokens) + countIn(cache_read_input_tokens),
    outputTokens: countIn(output_tokens),
  };
}

/** Throws a `ProviderTrouble` for an answer that is none, or that is not whole. */
export function readMessage(message: unknown): ModelAnswer<Anthropic.MessageParam> {
  const failure = failureIn(message);
  if (failure) throw told(failure, anErrorUnder200);
  if (!isFields(message) || !('content' in message)) throw noAnswer('Anthropic');
  const { stop_reason: reason, stop_details } = message;
  const { explanation, category } = fieldsOf(stop_details);
  if (reason === 'refusal') throw refused(explanation ?? category);
  const warning = checkEnd(reason);
  const content = blocksOf(message.content);
  return {
    warning,
    text: content.map((block) => (block.type === 'text' ? block.text : '')).join(''),
    messages: [{ role: 'assistant', content: content as unknown as Anthropic.ContentBlockParam[] }],
    calls: content.flatMap(({ type, id, name, input }) =>
      type === 'tool_use' ? { id: id as string, name: name as string, input: () => input } : [],
    ),
  };
}

/** Those of types that are not known here stay for the history, and say nothing. */
function blocksOf(content: unknown): readonly Fields[] {
  if (typeof content === 'string') return [{ type: 'text', text: content }];
  return listIn(content, 'content').map((one, index) => blockIn(one, `content[${index}]`));
}

function blockIn(one: unknown, at: string): Fields {
  if (typeof one === 'string') return { type: 'text', text: one };
  const block = objectIn(one, at);
  if (typeof block.type !== 'string') throw wrongShape(`${at}.type`, block.type);
  if (block.type === 'text') return { ...block, text: textIn(block.text, `${at}.text`) };
  if (block.type !== 'tool_use') return block;
  const id = idIn(block.id, `${at}.id`);
  const name = nameIn(block.name, `${at}.name`);
  return { ...block, id, name, input: inputIn(block.input, `${at}.input`) };
}
