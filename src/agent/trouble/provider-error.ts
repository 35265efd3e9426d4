import { TurnError } from '../../domain/errors.ts';
import type { RunErrorCode } from '../../domain/run.ts';
import type { Trouble } from '../../domain/trouble.ts';
import { ProviderTrouble } from './provider-trouble.ts';

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

interface Asked {
  readonly provider: string;
  /** provider/model */
  readonly model: string;
  /** how the protocol wants its address, such as "without /v1" */
  readonly baseURLIs: string;
}

/**
 * An error that was thrown while a model was asked, as a `TurnError` where the provider is to blame, else as it is. A fault of
 * ours in reading would be the same the next time.
 */
export function turnErrorOf(error: unknown, { provider, model, baseURLIs }: Asked): unknown {
  if (error instanceof TypeError || error instanceof RangeError) {
    return new TurnError('provider', `${model}: the answer cannot be read (${error.name})`, {
      trouble: 'shape',
      gate: provider,
      said: error.message,
      cause: error,
    });
  }
  if (!(error instanceof ProviderTrouble)) return error;
  const { trouble, message, failure, said } = error;
  const what = advice[trouble]?.replace('{baseURLIs}', baseURLIs);
  return new TurnError(codes[trouble] ?? 'provider', `${model}: ${message}${failure && what ? ` (${what})` : ''}`, {
    trouble,
    gate: provider,
    retryAfterMs: failure?.retryAfterMs ?? 0,
    said,
    cause: error,
  });
}

const codes: Partial<Record<Trouble, RunErrorCode>> = {
  model: 'model',
  refusal: 'refusal',
  size: 'truncated',
  cut: 'truncated',
};

/** What a failure that the server has told of comes to. */
const advice: Partial<Record<Trouble, string>> = {
  outage: 'the provider cannot answer at the moment',
  rate: 'the provider wants fewer requests',
  key: 'the provider refused the API key',
  credit: 'the provider wants to be paid first',
  model: "is the model's id right, and the provider's baseURL {baseURLIs}?",
  size: 'the event or the session is too long for this model',
  refusal: 'the provider refused',
  request: 'the provider calls the request wrong',
  answer: "check the provider's baseURL",
};

/** What a server that refuses the request complains of; empty where the request would be no better without. */
export function refusedParts(error: unknown): ReadonlySet<Optional> {
  const words = complaintIn(error);
  return new Set([...complaints].filter(([, complaint]) => complaint.test(words)).map(([part]) => part));
}

/** The one of these tools whose definition a server will not take; undefined where it says nothing of the kind. */
export function refusedTool<Tool extends { readonly name: string }>(
  error: unknown,
  tools: readonly Tool[],
): Tool | undefined {
  const words = complaintIn(error);
  const [, at] = /\btools(?:\.|\[)(\d+)\b/.exec(words) ?? [];
  if (at !== undefined) return tools[Number(at)];
  const [, name] = /schema for function ['"]([\w-]+)['"]/i.exec(words) ?? [];
  return tools.find((tool) => tool.name === name);
}

/** What a server says that calls the request wrong; '' where it does not. */
function complaintIn(error: unknown): string {
  if (!(error instanceof ProviderTrouble) || !error.failure) return '';
  const { status, words } = error.failure;
  const complains = status === undefined ? error.trouble === 'request' : status === 400 || status === 422;
  return complains ? words : '';
}
