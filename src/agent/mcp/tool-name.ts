import { createHash } from 'node:crypto';

/** What every model API takes. */
const maxLength = 64;

/**
 * `<server>__<tool>`: what models call a tool of an MCP server. A name that no API would take is cleaned and cut, and then
 * ends in a hash of the whole, so that it stays the only one.
 */
export function mcpToolName(server: string, tool: string): string {
  const whole = `${server}__${tool}`;
  const clean = whole.replace(/[^a-zA-Z0-9_-]/g, '_');
  if (clean === whole && clean.length <= maxLength) return clean;
  const hash = createHash('sha256').update(whole).digest('hex').slice(0, 8);
  return `${clean.slice(0, maxLength - hash.length - 1)}_${hash}`;
}
