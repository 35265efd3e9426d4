import type Anthropic from '@anthropic-ai/sdk';
import type { Tell } from './tool-loop.ts';

type Message = Anthropic.Message;
type Block = Anthropic.ContentBlock;
type Delta = Anthropic.RawContentBlockDelta;

/**
 * The message that its events tell of, just as it would have come as a whole; undefined where they stop before its end. (The
 * SDK's tool runner gives the whole turn up where a tool's input is no JSON, and takes twice the CPU time.)
 */
export async function collectMessage(
  events: AsyncIterable<Anthropic.RawMessageStreamEvent>,
  tell: Tell,
): Promise<Message | undefined> {
  let message: Message | undefined;
  let ended = false;
  const blocks = new Map<number, Block>();
  const inputs = new Map<number, string>();
  for await (const event of events) {
    if (event?.type === 'message_start') message = event.message;
    else if (event?.type === 'message_stop') ended = true;
    else if (event?.type === 'content_block_start') blocks.set(event.index, { ...event.content_block });
    else if (event?.type === 'content_block_delta') {
      const { index, delta } = event;
      if (delta.type === 'input_json_delta') inputs.set(index, (inputs.get(index) ?? '') + delta.partial_json);
      else append(blocks.get(index), delta);
      if (delta.type === 'text_delta') tell(delta.text);
    } else if (event?.type === 'message_delta' && message) {
      // Counts are of the whole message so far, and left out where they did not change.
      const counts = Object.entries(event.usage ?? {}).filter(([, count]) => count !== null);
      message = { ...message, ...event.delta, usage: { ...message.usage, ...Object.fromEntries(counts) } };
    }
  }
  if (!ended || !message) return undefined;
  return { ...message, content: [...blocks].map(([index, block]) => withInput(block, inputs.get(index))) };
}

function append(block: Block | undefined, delta: Delta): void {
  if (block?.type === 'text' && delta.type === 'text_delta') block.text += delta.text;
  else if (block?.type === 'text' && delta.type === 'citations_delta') {
    block.citations = [...(block.citations ?? []), delta.citation];
  } else if (block?.type === 'thinking' && delta.type === 'thinking_delta') block.thinking += delta.thinking;
  else if (block?.type === 'thinking' && delta.type === 'signature_delta') block.signature = delta.signature;
}

function withInput(block: Block, json: string | undefined): Block {
  return block.type === 'tool_use' && json ? { ...block, input: parsed(json) } : block;
}

/** What is no JSON goes back to the model as the vendor advises, since the input of a call has to be an object. */
function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return { INVALID_JSON: json };
  }
}
