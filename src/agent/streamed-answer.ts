import { TurnError } from '../domain/errors.ts';

/** A request for a stream, as both SDKs make it. */
interface Asked<Event> {
  withResponse(): Promise<{ readonly data: AsyncIterable<Event>; readonly response: Response }>;
}

/**
 * The whole answer to a request for a stream. Where a server knows no streams, it is what the server has sent instead, which may
 * be no answer at all.
 * @param collect makes the answer of its events; undefined where these end before it does
 */
export async function streamedAnswer<Event, Whole>(
  asked: Asked<Event>,
  collect: (events: AsyncIterable<Event>) => Promise<Whole | undefined>,
  model: string,
): Promise<Whole> {
  const { data, response } = await asked.withResponse();
  const type = response.headers.get('content-type') ?? '';
  if (!type.includes('event-stream')) {
    return (await (type.includes('json') ? response.json() : response.text())) as Whole;
  }
  const answer = await collect(data);
  if (answer !== undefined) return answer;
  throw new TurnError('provider', `${model}: the answer broke off before its end`, { trouble: 'outage' });
}
