import type { Request } from 'express';

/**
 * The last value of each parameter, since Express's own reader also makes lists and objects of them. An ordinary record,
 * so that a name such as `__proto__` is only a name.
 */
export function queryOf(req: Request): Record<string, string> {
  const query: Record<string, string> = Object.create(null);
  const search = searchOf(req);
  if (search === '') return query;
  for (const [name, value] of new URLSearchParams(search)) query[name] = value;
  return query;
}

/** The query as it came without the parameter `token`, with its question mark. */
export function withoutToken(search: string): string {
  const parts = search.slice(1).split('&');
  return `?${parts.filter((part) => !new URLSearchParams(part).has('token')).join('&')}`;
}

/** The query as it came, with its question mark; empty where there is none. */
export function searchOf({ url }: Request): string {
  const start = url.indexOf('?');
  return start === -1 ? '' : url.slice(start);
}
