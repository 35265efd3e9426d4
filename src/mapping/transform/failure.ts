import { stripTypeScriptTypes } from 'node:module';
import { fileURLToPath } from 'node:url';
import { inspect, types } from 'node:util';
import { hintFor } from './hints.ts';
import type { Snapshot } from './source.ts';

const longest = 1000;
const longestStack = 20_000;

export interface ThrownFailure {
  readonly message: string;
  /** where in the owner's files and what to do about it, to follow the message; empty where neither is known */
  readonly rest: string;
}

/** What to say of anything that the owner's code threw, which may be made so that looking at it throws again. */
export function failureOf(thrown: unknown, sources: Snapshot, lastSource: string): ThrownFailure {
  const message = cut(messageOf(thrown));
  const frames = safely(() => (types.isNativeError(thrown) ? framesOf(thrown) : ''), '');
  const isSyntax = safely(() => thrown instanceof SyntaxError, false);
  const place = placeIn(frames, sources) ?? (isSyntax ? syntaxPlace(sources, lastSource) : undefined);
  const hint = hintFor(message, sources, place?.url);
  const at = hint?.place ?? (place && `${fileURLToPath(place.url)}${place.line === '' ? '' : `:${place.line}`}`);
  return {
    // What Node adds in further lines says less well what the hint says.
    message: hint ? (message.split('\n', 1)[0] ?? message) : message,
    rest: (at ? ` (${at})` : '') + (hint ? `; ${hint.advice}` : ''),
  };
}

function messageOf(thrown: unknown): string {
  if (typeof thrown === 'string') return thrown;
  if (!types.isNativeError(thrown))
    return `threw ${safely(() => shown(thrown), 'a value that cannot be shown')}, which is no Error`;
  const message = safely(() => String(thrown.message), 'threw an Error whose message cannot be read');
  const cause = safely(() => (types.isNativeError(thrown.cause) ? String(thrown.cause.message) : ''), '');
  const name = safely(() => String(thrown.name), 'Error');
  return (message || name) + (cause === '' ? '' : `: ${cause}`);
}

/** The stack without the message, which may look like a line of it. */
function framesOf(error: Error): string {
  const stack = String(error.stack ?? '');
  const message = safely(() => String(error.message), '');
  const at = stack.indexOf(message);
  const frames = at === -1 ? stack : stack.slice(0, at) + stack.slice(at + message.length);
  return frames.slice(-longestStack);
}

function shown(value: unknown): string {
  const options = { depth: 1, customInspect: false, maxStringLength: 200, maxArrayLength: 10, breakLength: Infinity };
  return inspect(value, options);
}

function cut(text: string): string {
  return text.length <= longest ? text : `${text.slice(0, longest)}… (${text.length} characters)`;
}

function safely<T>(look: () => T, otherwise: T): T {
  try {
    return look();
  } catch {
    return otherwise;
  }
}

interface Place {
  readonly url: string;
  readonly line: string;
}

/** The innermost frame that is in the owner's files; packages and Node have theirs above it. */
function placeIn(stack: string, sources: Snapshot): Place | undefined {
  for (const [, url = '', line = ''] of stack.matchAll(/(file:\/\/[^\s()]+?):(\d+)/g)) {
    if (sources.has(url)) return { url, line };
  }
  return undefined;
}

/** V8 keeps the place of a syntax error in plain JavaScript to itself; the TypeScript parser tells. */
function syntaxPlace(sources: Snapshot, lastSource: string): Place | undefined {
  try {
    stripTypeScriptTypes(sources.get(lastSource) ?? '', { sourceUrl: lastSource });
  } catch (error) {
    return placeIn((error as Error).stack ?? '', sources);
  }
  return sources.has(lastSource) ? { url: lastSource, line: '' } : undefined;
}
