import { createParser } from 'eventsource-parser';
import { type Fields, isFields, parsedJson } from '../fields.ts';
import { failureIn } from '../trouble/failure.ts';
import { brokeOff, told } from '../trouble/provider-trouble.ts';

/**
 * The events of a stream, each as its JSON with its `type`, wherever the server writes that. Throws a `ProviderTrouble` for one
 * that tells of a failure, and where the stream breaks off.
 */
export async function* eventsOf(pieces: AsyncIterable<string>): AsyncGenerator<Fields> {
  const waiting: { readonly event?: string | undefined; readonly data: string }[] = [];
  const parser = createParser({ onEvent: (event) => void waiting.push(event) });
  const read = function* (piece: string) {
    parser.feed(piece);
    for (const { event, data } of waiting.splice(0)) {
      const fields = eventIn(data, event);
      if (fields) yield fields;
    }
  };
  for await (const piece of pieces) yield* read(piece);
  // Some servers leave out the blank line after their last event.
  yield* read('\n\n');
}

function eventIn(data: string, name: string | undefined): Fields | undefined {
  if (data.trim() === '' || data.trim() === '[DONE]') return undefined;
  const json = parsedJson(data);
  const failure = failureIn(json) ?? (name === 'error' ? failureIn({ error: json ?? data }) : undefined);
  if (failure) throw told(failure, 'the answer broke off');
  if (json === undefined) throw brokeOff();
  if (!isFields(json)) return undefined;
  return name === undefined ? json : { type: name, ...json };
}
