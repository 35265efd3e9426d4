import { type Fields, fieldsOf, isFields } from '../fields.ts';
import { textIn } from '../http/answer-parts.ts';
import type { Tell } from '../http/tool-loop.ts';

/** The response of a stream's last event; undefined where it stops before that. */
export async function collectResponse(events: AsyncIterable<Fields>, tell: Tell): Promise<Fields | undefined> {
  let response: Fields | undefined;
  let speaking: unknown;
  const asides = new Set<unknown>();
  const items: unknown[] = [];
  for await (const event of events) {
    const { type, output_index } = event;
    if (type === 'response.output_item.added') {
      const item = fieldsOf(event.item);
      if (item.type === 'message' && item.phase === 'commentary') asides.add(output_index);
    } else if (type === 'response.output_item.done') items.push(event.item);
    else if (type === 'response.output_text.delta' && !asides.has(output_index)) {
      // As the text of a reply has it, where there is more than one message.
      if (speaking !== undefined && speaking !== output_index) tell('\n\n');
      speaking = output_index ?? 0;
      tell(textIn(event.delta, 'delta'));
    } else if (lastEvents.has(type) && isFields(event.response)) response = event.response;
  }
  const { output } = response ?? {};
  // Some servers leave out of the last event what they have sent before.
  const isBare = output === undefined || output === null || (Array.isArray(output) && output.length === 0);
  return response && isBare && items.length > 0 ? { ...response, output: items } : response;
}

const lastEvents: ReadonlySet<unknown> = new Set(
  ['completed', 'failed', 'incomplete', 'cancelled', 'done'].map((end) => `response.${end}`),
);
