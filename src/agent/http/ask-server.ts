import { rootCode, TurnError } from '../../domain/errors.ts';
import { type Fields, parsedJson } from '../fields.ts';
import { brokeOff, ProviderTrouble, told } from '../trouble/provider-trouble.ts';
import { Unserved } from './fetch-once.ts';
import { eventsOf } from './server-events.ts';
import type { Tell } from './tool-loop.ts';

/** What both SDKs have: they know address, headers and key. Their readers of answers each know one way of writing. */
export interface ServerClient {
  post(
    path: string,
    options: { readonly body: unknown; readonly signal: AbortSignal },
  ): { asResponse(): Promise<Response> };
}

/** The whole answer that events make up; undefined where these end before it does. */
type Collect = (events: AsyncIterable<Fields>, tell: Tell) => Promise<unknown>;

interface Request {
  readonly path: string;
  readonly body: unknown;
  readonly signal: AbortSignal;
  readonly tell: Tell | undefined;
  readonly collect: Collect;
}

/**
 * The whole answer to a request, streamed or not, whichever of the two was asked for. Under a good status it may be
 * anything. A failure by status or within a stream is thrown as `ProviderTrouble`, as is a connection that fails.
 */
export async function askServer(
  client: ServerClient,
  { path, body, signal, tell, collect }: Request,
): Promise<unknown> {
  const response = await client.post(path, { body, signal }).asResponse().catch(thrown);
  const type = response.headers.get('content-type') ?? '';
  const pieces = piecesOf(response, signal);
  const collected = async (texts: AsyncIterable<string>) => {
    const answer = await collect(eventsOf(texts), tell ?? (() => {}));
    if (answer === undefined) throw brokeOff();
    return answer;
  };
  if (type.includes('event-stream')) return collected(pieces);
  let text = '';
  for await (const piece of pieces) text += piece;
  if (!type.includes('json') && /^\s*(data|event|id): ?\S/.test(text)) return collected(once(text));
  return wholeIn(text, type.includes('json'));
}

function wholeIn(text: string, isJson: boolean): unknown {
  const answer = parsedJson(text);
  if (isJson && answer === undefined && /^\s*[[{]/.test(text)) throw brokeOff();
  return answer;
}

/** What an SDK throws: it hides what `fetch` has thrown, and what is left is a connection that failed. */
function thrown(error: unknown): never {
  const { cause } = error as { cause?: unknown };
  if (cause instanceof TurnError) throw cause;
  if (cause instanceof Unserved) throw told(cause.failure, `HTTP ${cause.failure.status}`);
  const because = rootCode(cause) ?? '';
  throw new ProviderTrouble('outage', `no connection ${because}`.trim(), { cause: error });
}

async function* piecesOf({ body }: Response, signal: AbortSignal): AsyncGenerator<string> {
  if (!body) return;
  const decoder = new TextDecoder();
  const reader = body.getReader();
  const cancel = () => void reader.cancel().catch(() => {});
  signal.addEventListener('abort', cancel, { once: true });
  try {
    for (;;) {
      const { done, value } = await reader.read().catch((cause) => {
        throw brokeOff(cause);
      });
      if (done) break;
      yield decoder.decode(value, { stream: true });
    }
    signal.throwIfAborted();
    yield decoder.decode();
  } finally {
    signal.removeEventListener('abort', cancel);
    cancel();
  }
}

async function* once(text: string): AsyncGenerator<string> {
  yield text;
}
