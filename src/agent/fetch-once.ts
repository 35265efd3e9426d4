import { messageOf, TurnError } from '../domain/errors.ts';

/**
 * Node's fetch waits 300 s for an answer to begin, which SDKs report like a failed connection; but trying again would not
 * help.
 */
export async function fetchOnce(...request: Parameters<typeof fetch>): Promise<Response> {
  try {
    return await fetch(...request);
  } catch (error) {
    const { cause } = error as { cause?: { code?: unknown } };
    if (cause?.code !== 'UND_ERR_HEADERS_TIMEOUT') throw error;
    throw new TurnError('timeout', `the model did not begin to answer within 5 minutes (${messageOf(error)})`);
  }
}
