import { type Fields, fieldsOf, isFields, parsedJson } from '../fields.ts';
import { contentIn, listIn, objectIn, textIn } from '../http/answer-parts.ts';
import type { Tell } from '../http/tool-loop.ts';
import { failureIn } from '../trouble/failure.ts';
import { told } from '../trouble/provider-trouble.ts';

interface Call {
  readonly index: unknown;
  readonly id: unknown;
  readonly type: 'function';
  readonly function: { name: string; arguments: string };
}

/**
 * The completion that its chunks make up, as it would have come as a whole; undefined where they stop before its end. The
 * SDK's own way of doing this checks a great deal and takes servers at their word that differ from the vendor's.
 */
export async function collectCompletion(chunks: AsyncIterable<Fields>, tell: Tell): Promise<Fields | undefined> {
  const calls: Call[] = [];
  let [content, refusal] = ['', ''];
  let finish_reason: unknown;
  let usage: unknown;
  for await (const chunk of chunks) {
    usage = chunk.usage ?? usage;
    const choice = fieldsOf(Array.isArray(chunk.choices) ? chunk.choices[0] : undefined);
    const failure = failureIn(choice);
    if (failure) throw told(failure, 'the answer broke off');
    finish_reason = choice.finish_reason || finish_reason;
    const delta = objectIn(choice.delta ?? choice.message ?? {}, 'delta');
    refusal += textIn(delta.refusal, 'delta.refusal');
    const piece = contentIn(delta.content, 'delta.content');
    content += piece;
    tell(piece);
    const parts = listIn(delta.tool_calls, 'delta.tool_calls');
    for (const part of parts) addTo(calls, objectIn(part, 'delta.tool_calls'));
    if (parts.length === 0 && delta.function_call) addTo(calls, { function: delta.function_call });
  }
  if (!finish_reason) return undefined;
  const tool_calls = calls.map(({ index: _, ...call }) => call);
  const message = { role: 'assistant', content, refusal: refusal || null, tool_calls };
  return { choices: [{ index: 0, finish_reason, message }], usage };
}

/** Some servers give every call the same index, or none, but each its own id; some give whole calls without either. */
function addTo(calls: Call[], { index, id, function: called }: Fields): void {
  const part = objectIn(called ?? {}, 'delta.tool_calls.function');
  const name = textIn(part.name, 'delta.tool_calls.function.name');
  const input = isFields(part.arguments)
    ? JSON.stringify(part.arguments)
    : textIn(part.arguments, 'delta.tool_calls.function.arguments');
  const open = calls.findLast((call) => call.index === index && (!id || call.id === id));
  if (open && !(name !== '' && input !== '' && isFields(parsedJson(open.function.arguments)))) {
    open.function.name ||= name;
    open.function.arguments += input;
    return;
  }
  calls.push({ index, id, type: 'function', function: { name, arguments: input } });
}
