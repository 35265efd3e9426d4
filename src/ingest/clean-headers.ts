import type { IncomingHttpHeaders } from 'node:http';

const secret = /authorization|cookie|token|secret|api-?key|password/;

/** Whether a header (in lower case) may travel on, where it is not what proves the caller of its hook. */
export function travels(name: string): boolean {
  return !secret.test(name);
}

/**
 * The headers that may travel on, to matches, templates, transforms and the store: what proves a caller stays behind.
 * @param credentials more that prove a caller, in lower case
 */
export function cleanHeaders(headers: IncomingHttpHeaders, credentials: readonly string[]): Record<string, string> {
  const clean: Record<string, string> = {};
  for (const name in headers) {
    const value = headers[name];
    if (value === undefined || !travels(name) || credentials.includes(name)) continue;
    clean[name] = typeof value === 'string' ? value : value.join(', ');
  }
  return clean;
}
