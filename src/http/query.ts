import type { Request } from 'express';

/**
 * The last value of each parameter, since Express's own reader also makes lists and objects of them. An ordinary record,
 * so that a name such as `__proto__` is only a name.
 */
export function queryOf(req: Request): Record<string, string> {
  const query: Record<string, string> = Object.create(null);
  for (const [name, value] of new URLSearchParams(searchOf(req))) query[name] = value;
  return query;
}

/** The query as it came, with its question mark; empty where there is none. */
export function searchOf({ url }: Request): string {
  const start = url.indexOf('?');
  return start === -1 ? '' : url.slice(start);
}
