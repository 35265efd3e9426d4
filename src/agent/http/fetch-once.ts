import { messageOf, TurnError } from '../../domain/errors.ts';
import { type Failure, failureUnder } from '../trouble/failure.ts';

/** An answer with a status that says that it is none. Its own words stay out of the message, in which the SDKs look for some. */
export class Unserved extends Error {
  override readonly name = 'Unserved';
  readonly failure: Failure;
  constructor(failure: Failure) {
    super('the server refused');
    this.failure = failure;
  }
}

/**
 * Node's fetch waits 300 s for an answer to begin, which SDKs report like a failed connection; but trying again would not
 * help. What a server says with a status of its own is read here, since the SDKs each lose another part of it.
 */
export async function fetchOnce(...request: Parameters<typeof fetch>): Promise<Response> {
  const response = await begun(...request);
  if (response.ok) return response;
  throw new Unserved(failureUnder(response.status, await beginningOf(response), response.headers));
}

/** As much of an error as anybody reads. */
async function beginningOf({ body }: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  try {
    for await (const piece of body ?? []) {
      text += decoder.decode(piece, { stream: true });
      if (text.length > 64_000) break;
    }
  } catch {
    // Its status says enough.
  }
  return text;
}

async function begun(...request: Parameters<typeof fetch>): Promise<Response> {
  try {
    return await fetch(...request);
  } catch (error) {
    const { cause } = error as { cause?: { code?: unknown } };
    if (cause?.code !== 'UND_ERR_HEADERS_TIMEOUT') throw error;
    throw new TurnError('timeout', `the model did not begin to answer within 5 minutes (${messageOf(error)})`);
  }
}
