import { messageOf, rootCode, TurnError } from '../domain/errors.ts';
import { oneLine } from '../domain/run.ts';

/** What the errors of the SDKs have, which are told apart by their fields, since the SDKs are loaded lazily. */
interface SdkError {
  readonly status?: number;
  readonly headers?: Headers;
  readonly message?: string;
  /** Anthropic's: what the server said, without the rest of its answer */
  readonly apiMessage?: string | null;
  /** OpenAI's; a number where a server puts the status of a broken stream there */
  readonly code?: string | number | null;
  /** the vendor's word for the error */
  readonly type?: string | null;
  /** what the server said; there is none where the connection failed */
  readonly error?: unknown;
  readonly cause?: unknown;
}

/** What a request can do without: some servers know nothing of it. */
export type Optional = 'thinking' | 'format' | 'stream' | 'usage' | 'cache';

const complaints: ReadonlyMap<Optional, RegExp> = new Map([
  ['thinking', /thinking|effort|reasoning|encrypted content|output_config(?!\.format)/i],
  // Some models are streamed only to organisations that the vendor has verified.
  ['stream', /\bstream(ing)?\b/i],
  ['cache', /cache_control|prompt caching/i],
  ['usage', /stream_options|include_usage/i],
  ['format', /response_format|json_?schema|structured output|output_config(?!\.effort)|text\.format/i],
]);

/**
 * An SDK's error as a `TurnError`.
 * @param model provider/model, for the message
 * @param baseURLIs how the protocol wants its address, such as "without /v1"
 */
export function turnErrorOf(error: unknown, model: string, baseURLIs: string): TurnError {
  if (error instanceof TurnError) return error;
  const { headers, apiMessage, code, cause, status: answered } = error as SdkError;
  if (cause instanceof TurnError) return cause;
  const status = statusOf(error as SdkError);
  const because = (text: string) => `${model}: ${oneLine(text, 300)}`;
  if (status === undefined) {
    const reasons = [messageOf(error), rootCode(cause)].filter((reason) => reason !== undefined);
    return new TurnError('provider', because(reasons.join(' ')), { trouble: 'outage', cause: error });
  }
  const words = apiMessage ?? messageOf(error).replace(`${answered} `, '');
  const said = answered === undefined ? `the answer broke off: ${words}` : `HTTP ${answered}: ${words}`;
  if (status === 404) {
    return new TurnError(
      'model',
      because(`${said} (is the model's id right, and the provider's baseURL ${baseURLIs}?)`),
    );
  }
  if (status === 413 || (status === 400 && /prompt is too long|context (window|length|limit)/i.test(said))) {
    return tooLong(because(said));
  }
  if (status === 400 && isRefusal(code)) return new TurnError('refusal', because(`${said} (the provider refused)`));
  if (status === 401 || status === 403) {
    return new TurnError('provider', because(`${said} (the provider refused the API key)`));
  }
  const retryable = status === 408 || status === 409 || status === 429 || status >= 500;
  return new TurnError('provider', because(said), {
    trouble: retryable ? 'outage' : 'request',
    retryAfterMs: retryAfterMs(headers),
    cause: error,
  });
}

export function tooLong(said: string): TurnError {
  return new TurnError('truncated', `${said} (the event or the session is too long for this model)`);
}

/** What an error in the midst of a stream, which has no status, would have had as one. */
const statuses: ReadonlyMap<string, number> = new Map([
  ['invalid_request_error', 400],
  ['invalid_prompt', 400],
  ['context_length_exceeded', 400],
  ['authentication_error', 401],
  ['billing_error', 402],
  ['permission_error', 403],
  ['not_found_error', 404],
  ['request_too_large', 413],
]);

/** Undefined where the server said nothing at all. What is not known to stay as it is may pass. */
function statusOf({ status, code, type, error }: SdkError): number | undefined {
  if (status !== undefined || error === undefined) return status;
  if (Number(code) >= 400) return Number(code);
  return statuses.get(String(code)) ?? statuses.get(String(type)) ?? 500;
}

/** True for the codes with which OpenAI and those who follow it refuse to answer because of what was asked. */
export function isRefusal(code: string | number | null | undefined): boolean {
  return /^invalid_prompt$|content_filter|policy/.test(String(code));
}

/** What a server that refuses the request complains of; empty where the request would be no better without. */
export function refusedParts(error: unknown): ReadonlySet<Optional> {
  const { status, message = '' } = error as SdkError;
  if (status !== 400 && status !== 422) return new Set();
  return new Set([...complaints].filter(([, complaint]) => complaint.test(message)).map(([part]) => part));
}

/** The one of these tools whose definition a server will not take; undefined where it says nothing of the kind. */
export function refusedTool<Tool extends { readonly name: string }>(
  error: unknown,
  tools: readonly Tool[],
): Tool | undefined {
  const { status, message = '' } = error as SdkError;
  if (status !== 400 && status !== 422) return undefined;
  const [, at] = /\btools(?:\.|\[)(\d+)\b/.exec(message) ?? [];
  if (at !== undefined) return tools[Number(at)];
  const [, name] = /schema for function ['"]([\w-]+)['"]/i.exec(message) ?? [];
  return tools.find((tool) => tool.name === name);
}

function retryAfterMs(headers: Headers | undefined): number {
  const inMs = Number(headers?.get('retry-after-ms') ?? Number.NaN);
  if (inMs >= 0) return inMs;
  const after = headers?.get('retry-after') ?? '';
  const wait = /^\d+(\.\d+)?$/.test(after) ? Number(after) * 1000 : Date.parse(after) - Date.now();
  return wait > 0 ? Math.round(wait) : 0;
}
