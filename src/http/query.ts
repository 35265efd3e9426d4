import type { Request } from 'express';

/**
 * The last value of each parameter, since Express's own reader also makes lists and objects of them. An ordinary record,
 * so that a name such as `__proto__` is only a name.
 */
export function queryOf(req: Request): Record<string, string> {
  const query: Record<string, string> = Object.create(null);
  const start = req.url.indexOf('?');
  if (start !== -1) for (const [name, value] of new URLSearchParams(req.url.slice(start))) query[name] = value;
  return query;
}
