import type OpenAI from 'openai';
import type { Tell } from './tool-loop.ts';

type Chunk = OpenAI.ChatCompletionChunk;
type CallPart = OpenAI.ChatCompletionChunk.Choice.Delta.ToolCall;

interface Call {
  readonly index: number;
  readonly id: string;
  readonly type: 'function';
  readonly function: { name: string; arguments: string };
}

/**
 * The completion that its chunks make up, as it would have come as a whole; undefined where they stop before its end. The
 * SDK's own way of doing this checks a great deal and takes servers at their word that differ from the vendor's.
 */
export async function collectCompletion(
  chunks: AsyncIterable<Chunk>,
  tell: Tell,
): Promise<OpenAI.ChatCompletion | undefined> {
  const calls: Call[] = [];
  let [content, refusal, finish_reason] = ['', '', ''];
  let usage: Chunk['usage'];
  for await (const chunk of chunks) {
    usage = chunk?.usage ?? usage;
    const [choice] = Array.isArray(chunk?.choices) ? chunk.choices : [];
    finish_reason = choice?.finish_reason || finish_reason;
    const delta: Partial<OpenAI.ChatCompletionChunk.Choice.Delta> = choice?.delta ?? {};
    refusal += delta.refusal ?? '';
    if (delta.content) {
      content += delta.content;
      tell(delta.content);
    }
    for (const part of delta.tool_calls ?? []) addTo(calls, part);
  }
  if (finish_reason === '') return undefined;
  const message = {
    role: 'assistant',
    content,
    refusal: refusal || null,
    tool_calls: calls.map(({ index: _, ...call }) => call),
  };
  return { choices: [{ index: 0, finish_reason, message }], usage } as OpenAI.ChatCompletion;
}

/** Some servers give every call the same index, or none, but each its own id. */
function addTo(calls: Call[], { index, id, function: part }: CallPart): void {
  const open = calls.findLast((call) => call.index === index && (!id || call.id === id));
  if (open) {
    open.function.name ||= part?.name ?? '';
    open.function.arguments += part?.arguments ?? '';
    return;
  }
  const called = { name: part?.name ?? '', arguments: part?.arguments ?? '' };
  calls.push({ index, id: id ?? '', type: 'function', function: called });
}
