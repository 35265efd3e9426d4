import { EventSourceParserStream } from 'eventsource-parser/stream';
import { eventually } from './eventually.ts';

interface Heard {
  readonly event: string;
  // biome-ignore lint/suspicious/noExplicitAny: what a server sends is what the tests are about
  readonly data: any;
}

/** What a server has sent so far; `ended` resolves to all of it, once the server has ended the stream. */
export interface Listening {
  readonly heard: readonly Heard[];
  readonly ended: Promise<readonly Heard[]>;
  /** The first such event, once it has come. */
  first(event: string): Promise<Heard['data']>;
  stop(): void;
}

/** Opens a stream of server-sent events. Throws where the server answers with something else. */
export async function listen(url: string, token: string): Promise<Listening> {
  const controller = new AbortController();
  const { signal } = controller;
  const response = await fetch(url, { headers: { Authorization: `Bearer ${token}` }, signal });
  if (response.headers.get('content-type') !== 'text/event-stream' || !response.body) {
    throw new Error(`${response.status} ${await response.text()}`);
  }
  const heard: Heard[] = [];
  const events = response.body.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream());
  const ended = (async () => {
    for await (const { event = '', data } of events) heard.push({ event, data: JSON.parse(data) });
    return heard;
  })();
  ended.catch(() => {});
  return {
    heard,
    ended,
    first: async (event) => (await eventually(() => heard.find((one) => one.event === event))).data,
    stop: () => controller.abort(),
  };
}
