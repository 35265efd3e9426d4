import type OpenAI from 'openai';
import type { Usage } from '../../domain/run.ts';
import { type Fields, fieldsOf, isFields } from '../fields.ts';
import { argumentsIn, contentIn, countIn, countsOf, idIn, nameIn, objectIn } from '../http/answer-parts.ts';
import { checkCut, checkEnd } from '../http/ends.ts';
import { type ModelAnswer, parsedInput } from '../http/tool-loop.ts';
import { failureIn } from '../trouble/failure.ts';
import { anErrorUnder200, noAnswer, refused, told, wrongShape } from '../trouble/provider-trouble.ts';

type Item = OpenAI.Responses.ResponseInputItem;

export function responseUsage(response: unknown): Usage | undefined {
  const usage = countsOf(response);
  return usage && { inputTokens: countIn(usage.input_tokens), outputTokens: countIn(usage.output_tokens) };
}

/** Throws a `ProviderTrouble` for an answer that is none, or that is not whole. */
export function readResponse(response: unknown): ModelAnswer<Item> {
  // The server answers with 200 also where the model failed on the way.
  const failure = failureIn(response);
  if (failure) throw told(failure, fieldsOf(response).status === 'failed' ? 'the model failed' : anErrorUnder200);
  const { status, incomplete_details, output } = fieldsOf(response);
  if (!Array.isArray(output) && status === undefined) throw noAnswer('Responses');
  if (status === 'incomplete') checkCut(fieldsOf(incomplete_details).reason);
  const warning = checkEnd(status);
  if (!Array.isArray(output)) throw wrongShape('output', output);
  const items = output.map((item, index) => itemIn(item, `output[${index}]`));
  const messages = items.filter(({ type }) => type === 'message');
  checkRefusal(messages);
  const final = messages.filter(({ phase }) => phase !== 'commentary');
  return {
    warning,
    messages: items as unknown as readonly Item[],
    text: (final.length > 0 ? final : messages).map(({ content }) => contentIn(content, 'content')).join('\n\n'),
    calls: items.flatMap(({ type, call_id, name, arguments: input }) =>
      type === 'function_call'
        ? { id: call_id as string, name: name as string, input: () => parsedInput(input as string) }
        : [],
    ),
  };
}

function checkRefusal(messages: readonly Fields[]): void {
  const parts = messages.flatMap(({ content }) => (Array.isArray(content) ? content : []));
  const refusal = parts.find((part) => isFields(part) && part.type === 'refusal');
  if (refusal) throw refused(refusal.refusal);
}

/** Those of types that are not known here stay for the history, and say nothing. */
function itemIn(one: unknown, at: string): Fields {
  const item = objectIn(one, at);
  if (typeof item.type !== 'string') throw wrongShape(`${at}.type`, item.type);
  if (item.type === 'message') {
    const text = contentIn(item.content, `${at}.content`);
    if (Array.isArray(item.content) && item.content.every(isFields)) return item;
    return { ...item, content: [{ type: 'output_text', text, annotations: [] }] };
  }
  if (item.type !== 'function_call') return item;
  const call_id = idIn(item.call_id ?? item.id, `${at}.call_id`);
  const name = nameIn(item.name, `${at}.name`);
  return { ...item, call_id, name, arguments: argumentsIn(item.arguments, `${at}.arguments`) };
}
