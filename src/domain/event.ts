import type { Miss } from './miss.ts';
import { readPayload } from './payload/read-payload.ts';
import type { Resolve } from './text/text.ts';

/** What became of an inbound request. */
export const outcomes = [
  'accepted',
  'filtered',
  'skipped',
  'duplicate',
  'invalid',
  'unreadable',
  'failed',
  'handshake',
] as const;
export type Outcome = (typeof outcomes)[number];

/** Where requests come in: `hooks` is `hooks.path`, `specs` is `/hook`. Each has names of its own and its own form of answers. */
export type Endpoint = 'hooks' | 'specs';

/** One inbound request as recorded. Secrets are taken out of the headers before the event exists. */
export interface Event {
  readonly id: string;
  readonly endpoint: Endpoint;
  readonly hook: string;
  /** epoch ms */
  readonly receivedAt: number;
  readonly query: Record<string, unknown>;
  readonly headers: Record<string, string>;
  /** the bytes as they came; of an unreadable one at most the first 4 KB */
  readonly body: Buffer;
  /** id of the mapping that answered for it; null where none matched */
  readonly mapping: string | null;
  readonly outcome: Outcome;
  /** why it was filtered, skipped, a duplicate, invalid, unreadable or failed */
  readonly detail: string | null;
  /** the answer's HTTP status */
  readonly status: number;
  /** the answer's body as JSON; null for an empty one */
  readonly response: string | null;
  /** the event that was sent through the mappings again */
  readonly replayOf: string | null;
  /** why mappings before its own did not take it, or why none did; at most 20 */
  readonly misses: readonly Miss[];
}

/** What matches, templates and transforms see of a request. */
export interface Context {
  readonly payload: unknown;
  readonly headers: Record<string, string>;
  /** lists and objects where a name is repeated or has brackets */
  readonly query: Record<string, unknown>;
  /** the hook's name */
  readonly path: string;
  /** ISO 8601 */
  readonly now: string;
  /** SHA-256 of a body of whose bytes others could have become the same values: what is told apart by them is told apart by this too */
  readonly bodyHash?: string;
  /** the same of the query, for what names one of its parameters */
  readonly queryHash?: string;
}

/** With `forEach`, the element of `key` that an action is about. */
export interface Each {
  readonly key: string;
  readonly index: number;
}

export function contextOf(
  event: Pick<Event, 'endpoint' | 'body' | 'headers' | 'query' | 'hook' | 'receivedAt'>,
): Context {
  return {
    payload: readPayload(event.body, event.headers, event.endpoint).payload,
    headers: event.headers,
    query: event.query,
    path: event.hook,
    now: new Date(event.receivedAt).toISOString(),
  };
}

/** The context as one element of a batch sees it: the array holds that element alone, so `messages[0]` is the one at hand. */
export function narrow(context: Context, each: Each | undefined): Context {
  if (!each) return context;
  const payload = context.payload as Record<string, unknown[]>;
  const alone = [payload[each.key]?.[each.index]];
  // Seen through, not copied: there may be many elements, and any number of fields beside them.
  const seen = new Proxy(payload, { get: (all, key) => (key === each.key ? alone : Reflect.get(all, key)) });
  return { ...context, payload: seen };
}

const roots = new Set(['payload', 'headers', 'query', 'path', 'now']);

/** `messages[0].from` → `['messages', '0', 'from']`; `messages.0.from` is the same path. */
export function pathSegments(path: string): string[] {
  return path.replace(/\[(\d+)\]/g, '.$1').split('.');
}

/** Follows own properties only, so that a path never reaches a prototype. */
export function valueAt(value: unknown, segments: readonly string[]): unknown {
  let here = value;
  for (const segment of segments) {
    if (typeof here !== 'object' || here === null || !Object.hasOwn(here, segment)) return undefined;
    here = (here as Record<string, unknown>)[segment];
  }
  return here;
}

/** A path starts at the context (`headers.x`, `query.x`, `path`, `now`, `payload.x`) or in the payload. */
export function lookup(context: Context, segments: readonly string[]): unknown {
  return valueAt(roots.has(segments[0] ?? '') ? context : context.payload, segments);
}

/** The path by which a field of the payload is found, also where it has the name of something else: `headers` → `payload.headers`. */
export function payloadPath(path: string): string {
  return roots.has(pathSegments(path)[0] ?? '') ? `payload.${path}` : path;
}

export function resolveIn(context: Context): Resolve {
  return (path) => lookup(context, pathSegments(path));
}
