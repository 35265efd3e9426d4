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

/** How many of a list are asked for, or what is wrong with that. */
export function limitOf(query: Record<string, string>, usual: number): number | string {
  return countOf(query, 'limit', { usual, most: 100 });
}

/** A whole number of at least 1, or what is wrong with it. */
export function countOf(
  query: Record<string, string>,
  name: string,
  { usual, most }: { usual: number; most: number },
): number | string {
  const count = integer(query[name], usual);
  return count !== undefined && count >= 1 && count <= most ? count : `${name} must be an integer from 1 to ${most}`;
}

/** A whole number of at least 0; undefined where it is none. */
export function integer(text: string | undefined, fallback: number): number | undefined {
  if (text === undefined) return fallback;
  const value = /^\d+$/.test(text) ? Number(text) : undefined;
  return Number.isSafeInteger(value) ? value : undefined;
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
