import type { IncomingHttpHeaders } from 'node:http';

const secret = /authorization|cookie|token|secret|api-?key|password/;

/** The headers that may travel on, to matches, templates, transforms and the store: what proves a caller stays behind. */
export function cleanHeaders(headers: IncomingHttpHeaders): Record<string, string> {
  const clean: Record<string, string> = {};
  for (const name in headers) {
    const value = headers[name];
    if (value !== undefined && !secret.test(name)) clean[name] = typeof value === 'string' ? value : value.join(', ');
  }
  return clean;
}
