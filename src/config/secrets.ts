import { fromPointer } from '../schema/problem.ts';
import { isSecretPath, likelyNames } from '../schema/secret-names.ts';
import type { LoadedConfig } from './load.ts';

/**
 * Every value that a config and its environment hold as a secret: tokens, keys and signing secrets; of what is handed to
 * programs, servers and variables whatever does not plainly look like something else.
 */
export function secretsIn({
  config,
  leftOut,
  variables,
}: Pick<LoadedConfig, 'config' | 'leftOut' | 'variables'>): string[] {
  const found: string[] = [];
  const take = (value: string, isKnown: boolean) => {
    if (isKnown || !isPlain(value)) found.push(...partsOf(value));
  };
  const walk = (value: unknown, path: readonly string[]) => {
    if (typeof value === 'string') return takeSetting(value, path);
    if (typeof value !== 'object' || value === null) return;
    if (path.at(-1) === 'args' && Array.isArray(value)) return takeArguments(value);
    for (const [key, item] of Object.entries(value)) walk(item, [...path, key]);
  };
  const takeSetting = (value: string, path: readonly string[]) => {
    const [name = '', within] = [path.at(-1), path.at(-2)];
    if (isSecretPath(path)) take(value, true);
    else if (within === 'env' || within === 'headers') take(value, likelyNames.test(name));
    else if (value.includes('://')) found.push(...credentialsIn(value));
  };
  // `--token x` or `--token=x`
  const takeArguments = (list: readonly unknown[]) => {
    let option = '';
    for (const one of list.map(String)) {
      const [, name, value] = /^--?([\w-]+)(?:=(.*))?$/s.exec(one) ?? [];
      if (name === undefined) take(one, likelyNames.test(option));
      else if (value !== undefined) take(value, likelyNames.test(name));
      option = name ?? '';
    }
  };
  walk(config, []);
  for (const { written, pointer } of leftOut) walk(written, fromPointer(pointer));
  for (const [name, value] of variables) take(value, likelyNames.test(name));
  return found;
}

/** The value, and what of it is the secret proper. */
function partsOf(value: string): string[] {
  const [, word, rest] = /^(Bearer|Basic|Token)\s+(\S+)$/i.exec(value) ?? [];
  if (rest === undefined) return [value, ...credentialsIn(value)];
  const decoded = word?.toLowerCase() === 'basic' ? Buffer.from(rest, 'base64').toString() : '';
  return [rest, ...(decoded.includes(':') ? [decoded.slice(decoded.indexOf(':') + 1)] : [])];
}

/** The password in `postgres://user:password@host`, as it is and as it stands there. */
function credentialsIn(url: string): string[] {
  const [, password] = /^[a-z][a-z0-9+.-]*:\/\/[^\s/?#@:]*:([^\s/?#]*)@/i.exec(url) ?? [];
  if (password === undefined) return [];
  try {
    return [password, decodeURIComponent(password)];
  } catch {
    return [password];
  }
}

const plain = [
  /^-?[\d.,:]*$/,
  /^[a-z]+([-_., ][a-z]+)*$/i,
  // A path or a list of paths, provider/model, the name of a time zone.
  /^(~|\.{0,2})[\\/][^\s=]*$/,
  /^[a-z][\w-]*\/[\w.:-]{1,60}$/i,
  /^[a-z]{2}_[A-Z]{2}(\.[\w-]+)?$/,
  /^([a-z0-9-]+\.)+[a-z]{2,}(:\d+)?$/,
  /^[^\s@:/]+@[^\s@:/]+\.[a-z]+$/i,
  /^[a-z][a-z0-9+.-]*:\/\/[^\s@?]*$/i,
];

/** What looks like a word, a number, a path, a host or an address without a password is no secret unless it is called one. */
function isPlain(value: string): boolean {
  return plain.some((form) => form.test(value.trim()));
}
