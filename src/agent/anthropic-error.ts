import type { APIError } from '@anthropic-ai/sdk';
import { messageOf, TurnError } from '../domain/errors.ts';
import { oneLine } from '../domain/run.ts';

/**
 * The SDK's error as a `TurnError`. SDK errors are told apart by their fields, since the SDK is loaded lazily.
 * `model` is provider/model, for the message.
 */
export function turnErrorOf(error: unknown, model: string): TurnError {
  if (error instanceof TurnError) return error;
  const { status, headers, apiMessage, cause } = error as Partial<APIError> & { cause?: unknown };
  if (cause instanceof TurnError) return cause;
  const because = (text: string) => `${model}: ${oneLine(text, 300)}`;
  if (status === undefined) {
    const reasons = [messageOf(error), rootCode(cause)].filter((reason) => reason !== undefined);
    return new TurnError('provider', because(reasons.join(' ')), { retryable: true, cause: error });
  }
  const said = `HTTP ${status}: ${apiMessage ?? messageOf(error).replace(`${status} `, '')}`;
  if (status === 404) {
    return new TurnError(
      'model',
      because(`${said} (is the model's id right, and the provider's baseURL without /v1?)`),
    );
  }
  if (status === 413 || (status === 400 && /prompt is too long|context (window|length|limit)/i.test(said))) {
    return new TurnError('truncated', because(`${said} (the event or the session is too long for this model)`));
  }
  if (status === 401 || status === 403) {
    return new TurnError('provider', because(`${said} (the provider refused the API key)`));
  }
  const retryable = status === 408 || status === 409 || status === 429 || status >= 500;
  return new TurnError('provider', because(said), { retryable, retryAfterMs: retryAfterMs(headers), cause: error });
}

/** True for a 400 that complains about the parameters of thinking, or about thinking blocks in the history. */
export function refusesThinking(error: unknown): boolean {
  const { status, message } = error as Partial<APIError>;
  return status === 400 && /thinking|effort/i.test(message ?? '');
}

/** The innermost cause's code, such as ECONNREFUSED; fetch hides it two errors deep. */
function rootCode(cause: unknown): string | undefined {
  if (typeof cause !== 'object' || cause === null) return undefined;
  const { code, cause: inner } = cause as { code?: unknown; cause?: unknown };
  return rootCode(inner) ?? (typeof code === 'string' ? `(${code})` : undefined);
}

function retryAfterMs(headers: Headers | undefined): number {
  const inMs = Number(headers?.get('retry-after-ms') ?? Number.NaN);
  if (inMs >= 0) return inMs;
  const after = headers?.get('retry-after') ?? '';
  const wait = /^\d+(\.\d+)?$/.test(after) ? Number(after) * 1000 : Date.parse(after) - Date.now();
  return wait > 0 ? Math.round(wait) : 0;
}
