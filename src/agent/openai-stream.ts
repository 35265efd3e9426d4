import type OpenAI from 'openai';
import type { Tell } from './tool-loop.ts';

type Response = OpenAI.Responses.Response;

/** The response of a stream's last event; undefined where it stops before that. */
export async function collectResponse(
  events: AsyncIterable<OpenAI.Responses.ResponseStreamEvent>,
  tell: Tell,
): Promise<Response | undefined> {
  let response: Response | undefined;
  let speaking: number | undefined;
  const asides = new Set<number>();
  for await (const event of events) {
    if (event?.type === 'response.output_item.added') {
      const { item, output_index } = event;
      if (item?.type === 'message' && item.phase === 'commentary') asides.add(output_index);
    } else if (event?.type === 'response.output_text.delta' && !asides.has(event.output_index)) {
      // As the text of a reply has it, where there is more than one message.
      if (speaking !== undefined && speaking !== event.output_index) tell('\n\n');
      speaking = event.output_index;
      tell(event.delta);
    } else if (
      event?.type === 'response.completed' ||
      event?.type === 'response.failed' ||
      event?.type === 'response.incomplete'
    ) {
      response = event.response;
    }
  }
  return response;
}
