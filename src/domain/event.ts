import type { Resolve } from './text.ts';

/** What became of an inbound request. */
export const outcomes = ['accepted', 'filtered', 'skipped', 'duplicate', 'invalid', 'failed', 'handshake'] as const;
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
  readonly query: Record<string, string>;
  readonly headers: Record<string, string>;
  /** the bytes as they came */
  readonly body: Buffer;
  /** id of the mapping that answered for it; null where none matched */
  readonly mapping: string | null;
  readonly outcome: Outcome;
  /** why it was filtered, skipped, a duplicate, invalid or failed */
  readonly detail: string | null;
  /** the answer's HTTP status */
  readonly status: number;
  /** the answer's body as JSON; null for an empty one */
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

/**
 * The payload of a request. JSON is taken for JSON whatever the content type says, since many a sender says `form` and means
 * JSON; an empty body is an empty object. Throws a SyntaxError for what is neither JSON nor a form.
 */
export function parseBody(body: Buffer, headers: Readonly<Record<string, unknown>>): unknown {
  if (body.length === 0) return {};
  const text = body.toString('utf8');
  try {
    return JSON.parse(text);
  } catch (error) {
    const isForm = /^application\/x-www-form-urlencoded\b/i.test(String(headers['content-type']));
    // What begins like JSON was meant as JSON: a form would encode these characters.
    if (!isForm || /^\s*[{[]/.test(text)) throw error;
    return formPayload(text);
  }
}

/** The fields, the last of each name; or what the field `payload` holds, where that is an object or list as GitHub has it. */
function formPayload(text: string): unknown {
  const fields: Record<string, string> = Object.create(null);
  for (const [name, value] of new URLSearchParams(text)) fields[name] = value;
  try {
    const payload: unknown = JSON.parse(fields.payload ?? '');
    if (typeof payload === 'object' && payload !== null) return payload;
  } catch {
    // A field that happens to have this name.
  }
  return fields;
}

export function contextOf(event: Pick<Event, 'body' | 'headers' | 'query' | 'hook' | 'receivedAt'>): Context {
  return {
    payload: parseBody(event.body, event.headers),
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
