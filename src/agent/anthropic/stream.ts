import { type Fields, fieldsOf, isFields } from '../fields.ts';
import { objectIn, textIn } from '../http/answer-parts.ts';
import type { Tell } from '../http/tool-loop.ts';

/** A content block that grows. */
type Block = Record<string, unknown>;

/**
 * The message that its events tell of, just as it would have come as a whole; undefined where they stop before its end. (The
 * SDK's tool runner gives the whole turn up where a tool's input is no JSON, and takes twice the CPU time.)
 */
export async function collectMessage(events: AsyncIterable<Fields>, tell: Tell): Promise<Fields | undefined> {
  let message: Fields | undefined;
  let ended = false;
  const blocks = new Map<unknown, Block>();
  for await (const event of events) {
    if (event.type === 'message_start') message = isFields(event.message) ? event.message : message;
    else if (event.type === 'message_stop') ended = true;
    else if (event.type === 'content_block_start') {
      const block = { ...objectIn(event.content_block, 'content_block') };
      blocks.set(event.index, block);
      if (block.type === 'text') tell(textIn(block.text, 'content_block.text'));
    } else if (event.type === 'content_block_delta') {
      const delta = objectIn(event.delta, 'delta');
      append(blockAt(blocks, event.index, delta), delta);
      if (delta.type === 'text_delta') tell(textIn(delta.text, 'delta.text'));
    } else if (event.type === 'message_delta' && message) {
      // Counts are of the whole message so far, and left out where they did not change.
      const counts = Object.entries(fieldsOf(event.usage)).filter(([, count]) => count !== null);
      const usage = { ...fieldsOf(message.usage), ...Object.fromEntries(counts) };
      const isCounted = counts.length > 0 || isFields(message.usage);
      message = { ...message, ...fieldsOf(event.delta), ...(isCounted && { usage }) };
    }
  }
  if (!ended || !message) return undefined;
  const whole = typeof message.content === 'string' || (Array.isArray(message.content) && message.content.length > 0);
  return whole && blocks.size === 0 ? message : { ...message, content: [...blocks.values()].map(withInput) };
}

/** Some servers do not say where a block begins. */
function blockAt(blocks: Map<unknown, Block>, index: unknown, { type }: Fields): Block {
  const block = blocks.get(index) ?? { type: type === 'text_delta' ? 'text' : 'thinking' };
  if (type === 'text_delta' || type === 'thinking_delta') blocks.set(index, block);
  return block;
}

function append(block: Block, delta: Fields): void {
  const [type, field] = growing.get(delta.type) ?? [];
  if (type === undefined || field === undefined || type !== block.type) return;
  const more = delta[field];
  if (delta.type === 'citations_delta') block.citations = [...((block.citations as unknown[]) ?? []), delta.citation];
  else if (delta.type === 'input_json_delta')
    block.json = add(block.json, isFields(more) ? JSON.stringify(more) : more, field);
  else if (delta.type === 'signature_delta') block.signature = more;
  else block[field] = add(block[field], more, field);
}

/** What kind of block a delta is of, and the field that has its piece. */
const growing: ReadonlyMap<unknown, readonly [type: string, field: string]> = new Map([
  ['text_delta', ['text', 'text']],
  ['citations_delta', ['text', 'citation']],
  ['thinking_delta', ['thinking', 'thinking']],
  ['signature_delta', ['thinking', 'signature']],
  ['input_json_delta', ['tool_use', 'partial_json']],
]);

const add = (text: unknown, more: unknown, field: string) => `${text ?? ''}${textIn(more, `delta.${field}`)}`;

/** `json` was kept beside the block while it grew. */
function withInput({ json, ...block }: Block): Block {
  return block.type === 'tool_use' && json ? { ...block, input: json } : block;
}
