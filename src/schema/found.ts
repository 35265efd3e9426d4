import { shorten } from '../domain/text/shorten.ts';
import { fromPointer, type Origins } from './problem.ts';
import { isSecretPath } from './secret-names.ts';

// A URL with credentials, or a long word with digits in it: keys and tokens end up in the wrong place, too.
const secretLooks = /:\/\/[^/\s]*@|^(?=.*\d)\S{24,}$/;
const longest = 40;

/** What stands at `path`, in words that follow "found". No secret, nothing from the environment, nothing long. */
export function found(path: string, value: unknown, origins?: Origins): string {
  const origin = origins?.get(path);
  if (origin !== undefined) return `${isBlank(value) ? 'nothing' : 'something else'} in ${variablesOf(origin)}`;
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  if (typeof value === 'object' && value !== null) return 'an object';
  if (isBlank(value)) return JSON.stringify(value);
  if (isSecret(path, value)) return `a ${typeof value} (not shown)`;
  return typeof value === 'string' ? quoted(value) : String(value);
}

/** The variables alone: a default beside them may be as secret as what they hold. */
function variablesOf(written: string): string {
  return [...written.matchAll(/(?<!\$)\$\{(\w+)/g)].map(([, name]) => `\${${name}}`).join(' and ');
}

function isSecret(path: string, value: unknown): boolean {
  if (value === null) return false;
  return isSecretPath(fromPointer(path)) || secretLooks.test(String(value));
}

function isBlank(value: unknown): value is string {
  return typeof value === 'string' && value.trim() === '' && value.length < longest;
}

function quoted(value: string): string {
  const shown = JSON.stringify(shorten(value, longest));
  return value.length <= longest ? shown : `${shown} (${value.length} characters)`;
}
