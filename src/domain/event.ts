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

/** No service nests deeper, and what walks through a value may do so by recursion. */
const maxDepth = 100;

/**
 * The payload of a request. JSON is taken for JSON whatever the content type says, since many a sender says `form` and means
 * JSON; an empty body is an empty object. Throws a SyntaxError for what is neither JSON nor a form, a RangeError for what is
 * nested deeper than 100 levels.
 */
export function parseBody(body: Buffer, headers: Readonly<Record<string, unknown>>): unknown {
  if (body.length === 0) return {};
  const text = body.toString('utf8');
  try {
    return parseJson(text);
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
    const payload = parseJson(fields.payload ?? '');
    if (typeof payload === 'object' && payload !== null) return payload;
  } catch (error) {
    // Else it is a field that happens to have this name.
    if (!(error instanceof SyntaxError)) throw error;
  }
  return fields;
}

function parseJson(text: string): unknown {
  if (isDeeper(text, maxDepth)) throw new RangeError(`the body is nested deeper than ${maxDepth} levels`);
  return JSON.parse(text);
}

/** Whether more brackets than `limit` are open at once, in one pass over what may be no JSON at all. */
function isDeeper(text: string, limit: number): boolean {
  let depth = 0;
  for (let at = 0; at < text.length && depth <= limit; at += 1) {
    const code = text.charCodeAt(at);
    if (code === quote) at = endOfString(text, at);
    else if (code === openBracket || code === openBrace) depth += 1;
    else if (code === closeBracket || code === closeBrace) depth -= 1;
  }
  return depth > limit;
}

/** Where the string that begins at `start` has its closing quote; the end of the text where it has none. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let backslashes = 0;
    while (text.charCodeAt(end - 1 - backslashes) === backslash) backslashes += 1;
    if (backslashes % 2 === 0) return end;
  }
  return text.length;
}

const quote = 0x22;
const backslash = 0x5c;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;

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

/** The path by which a field of the payload is found, also where it has the name of something else: `headers` → `payload.headers`. */
export function payloadPath(path: string): string {
  return roots.has(pathSegments(path)[0] ?? '') ? `payload.${path}` : path;
}

export function resolveIn(context: Context): Resolve {
  return (path) => lookup(context, pathSegments(path));
}
