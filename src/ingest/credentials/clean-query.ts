import { recordOf } from '../../domain/payload/record.ts';
import { isCredentialName } from './credential-names.ts';

/** Names that prove somebody in one API and mean something else in another: they travel where a mapping reads them. */
const doubtful = new Set(['key', 'code', 'state', 'hash', 'nonce']);

/**
 * The parameters that travel on, to templates, transforms and the store: none whose name says that it proves a caller, nor a part
 * of one (`a[token]`).
 * @param credentials more that prove a caller
 * @param isRead whether a mapping reads a parameter, by its name
 */
export function cleanQuery(
  query: Readonly<Record<string, unknown>>,
  credentials: readonly string[],
  isRead: (name: string) => boolean,
): Record<string, unknown> {
  const travels = (name: string) => !credentials.includes(name) && (!isDoubtful(name) || isRead(name));
  return partsOf(query, travels);
}

const isDoubtful = (name: string) => doubtful.has(name.toLowerCase());

function partsOf(value: object, travels: (name: string) => boolean): Record<string, unknown> {
  const clean = Object.entries(value).filter(([name]) => !isCredentialName(name) && travels(name));
  return recordOf(clean.map(([name, part]) => [name, withoutCredentials(part)] as const));
}

function withoutCredentials(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutCredentials);
  return typeof value === 'object' && value !== null ? partsOf(value, (name) => !isDoubtful(name)) : value;
}
