import type { Resolve } from './text.ts';

/** What became of an inbound request. A handshake and a duplicate are outcomes too, once something can produce them. */
export type Outcome = 'accepted' | 'filtered' | 'skipped' | 'invalid' | 'failed';

/** One inbound request as recorded. Secrets are taken out of the headers before the event exists. */
export interface Event {
  readonly id: string;
  readonly hook: string;
  /** epoch ms */
  readonly receivedAt: number;
  readonly query: Record<string, string>;
  readonly headers: Record<string, string>;
  /** the bytes as they came */
  readonly body: Buffer;
  /** id of the mapping that answered for it; null where none matched */
  readonly mapping: string | null;
  readonly outcome: Outcome;
  /** why it was filtered, skipped, invalid or failed */
  readonly detail: string | null;
  /** the answer's body, as sent; null for an empty one */
  readonly response: string | null;
  /** the event that was sent through the mappings again */
  readonly replayOf: string | null;
}

/** What matches, templates and transforms see of a request. */
export interface Context {
  readonly payload: unknown;
  readonly headers: Record<string, string>;
  readonly query: Record<string, string>;
  /** the hook's name */
  readonly path: string;
  /** ISO 8601 */
  readonly now: string;
}

/** With `forEach`, the element of `key` that an action is about. */
export interface Each {
  readonly key: string;
  readonly index: number;
}

/** An empty body means an empty object. Throws a SyntaxError on anything else that is not JSON. */
export function parseBody(body: Buffer): unknown {
  return body.length === 0 ? {} : JSON.parse(body.toString('utf8'));
}

export function contextOf(event: Pick<Event, 'body' | 'headers' | 'query' | 'hook' | 'receivedAt'>): Context {
  return {
    payload: parseBody(event.body),
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
  return { ...context, payload: { ...payload, [each.key]: [payload[each.key]?.[each.index]] } };
}

const roots = new Set(['payload', 'headers', 'query', 'path', 'now']);

/** `messages[0].from` → `['messages', '0', 'from']`; `messages.0.from` is the same path. */
export function pathSegments(path: string): string[] {
  return path.replace(/\[(\d+)\]/g, '.$1').split('.');
}

/** Follows own properties only, so that a path never reaches a prototype. */
export function follow(value: unknown, segments: readonly string[]): unknown {
  let here = value;
  for (const segment of segments) {
    if (typeof here !== 'object' || here === null || !Object.hasOwn(here, segment)) return undefined;
    here = (here as Record<string, unknown>)[segment];
  }
  return here;
}

/** A path starts at the context (`headers.x`, `query.x`, `path`, `now`, `payload.x`) or in the payload. */
export function lookup(context: Context, segments: readonly string[]): unknown {
  return follow(roots.has(segments[0] ?? '') ? context : context.payload, segments);
}

export function resolveIn(context: Context): Resolve {
  return (path) => lookup(context, pathSegments(path));
}
