import type { IncomingHttpHeaders } from 'node:http';
import { deliveryHeaders, isCredentialName } from './credential-names.ts';

/** What any HTTP client says of a request and its body. */
const usual = new Set(
  ['content-type', 'content-length', 'content-language', 'user-agent', 'date', 'idempotency-key'].concat([
    'traceparent',
    'tracestate',
  ]),
);

/** How senders call what they say of an event: the end of names such as `x-github-event`, `x-shopify-topic`, `linear-event`. */
const ofEvents =
  /(^|-)(event|event-(id|key|name|time|type|uuid)|eventid|topic|resource|resource-(id|state)|delivery|delivery-(id|uuid|attempt)|(web)?hook-(id|identifier|uuid|event|type|subscription)|(request|correlation|message|trigger|attempt)-(id|uuid)|timestamp|triggered-at|shop-domain|instance|api-version|retry-(num|reason|count)|attempt)$/;

/** https://github.com/cloudevents/spec, in binary mode */
const ofCloudEvents = /^ce-[a-z0-9]+$/;

/**
 * The headers that travel on, to matches, templates, transforms and the store: what says something of the body or the event, and
 * what a mapping of the hook reads; never what proves a caller.
 * @param credentials more that prove a caller, in lower case
 * @param isRead whether a mapping reads a header, by its name in lower case
 */
export function cleanHeaders(
  headers: IncomingHttpHeaders,
  credentials: readonly string[],
  isRead: (name: string) => boolean = () => false,
): Record<string, string> {
  const clean: Record<string, string> = Object.create(null);
  for (const name in headers) {
    const value = headers[name];
    if (value === undefined || !(mayTravel(name) || isRead(name))) continue;
    if (isCredentialName(name) || credentials.includes(name)) continue;
    clean[name] = decoded(typeof value === 'string' ? value : value.join(', '));
  }
  return clean;
}

function mayTravel(name: string): boolean {
  return usual.has(name) || deliveryHeaders.has(name) || ofEvents.test(name) || ofCloudEvents.test(name);
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Node reads the bytes of a header as Latin-1, and many senders write UTF-8. */
function decoded(value: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: all of ASCII
  if (/^[\x00-\x7f]*$/.test(value)) return value;
  try {
    return utf8.decode(Buffer.from(value, 'latin1'));
  } catch {
    return value;
  }
}
