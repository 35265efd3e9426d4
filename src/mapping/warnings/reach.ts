import { actionKinds } from '../../domain/mapping-keys.ts';
import { toPointer } from '../../schema/problem.ts';
import { hookName } from '../mapping.ts';
import { isWithin } from './clauses.ts';
import type { Find, Takes, WholeRule } from './warning.ts';

/** A name that no URL below `hooks.path` has, or another than was meant. */
export const oddPath: Find = (rule, { takes: { name }, around }) => {
  if (name === undefined) return [];
  const message = oddName(rule.match?.path ?? name, name, around.config.hooks.path);
  return message === undefined ? [] : [{ path: '/match/path', message }];
};

function oddName(written: string, name: string, hooksPath: string): string | undefined {
  const prefix = hookName(hooksPath);
  if (/^\w+:\/\//.test(written)) return `is taken for a name, not for an address; expected what follows ${hooksPath}/`;
  if (name === prefix || name.startsWith(`${prefix}/`)) {
    const meant = name.slice(prefix.length + 1);
    const expected = meant === '' ? '' : `; expected the name alone: "${meant}"`;
    return `is served at ${hooksPath}/${name}${expected}`;
  }
  if (name === '') return 'no URL has an empty name; leave it out to take every hook';
  if (/[*^$()[\]{}|\\]|(^|\/):\w/.test(name)) {
    return `"${name}" is a name and no pattern; leave the path out to take every hook, or write a mapping for each name`;
  }
  if (/[?#]/.test(name)) return `"${name}" is no name: what follows ? or # in a URL is not part of its path`;
  if (name !== name.trim()) return `"${name}" has blanks at an end, which the URL would need as well`;
  if (/(^|\/)\.\.?(\/|$)/.test(name)) return `"${name}" is resolved by whoever calls, so that no call has this name`;
  const decoded = decode(name);
  return decoded === name
    ? undefined
    : `names are compared as the URL means them: expected ${JSON.stringify(decoded ?? name.replaceAll('%', ''))}`;
}

function decode(name: string): string | undefined {
  try {
    return decodeURIComponent(name);
  } catch {
    return undefined;
  }
}

/** A mapping above that takes everything which this one would. */
export const shadowed: Find = (_rule, { takes, above, origin }) => {
  // What an owner puts before a shipped preset is meant to take its place; `shadowedPreset` says where it takes all.
  if (origin !== 'config') return [];
  const taker = takerAbove(takes, above);
  if (!taker) return [];
  const message = `can never be reached: ${taker.id}, which is tried before it, takes all that this one would`;
  return [{ path: '', message, see: taker.at }];
};

/** What has no path is not tried for the names of the built-ins. */
const isBuiltin = (name: string | undefined) => actionKinds.some((kind) => kind === name);

function takerAbove({ name, proof, clauses }: Takes, above: readonly WholeRule[]): WholeRule | undefined {
  return above.find(
    ({ takes }) =>
      (takes.name === name || (takes.name === undefined && !isBuiltin(name))) &&
      takes.proof === proof &&
      isWithin(clauses, takes.clauses),
  );
}

/** A preset none of whose mappings can be reached; told of the first, which stands for all. */
export function shadowedPreset(preset: readonly WholeRule[], own: readonly WholeRule[]): string | undefined {
  const takers = preset.map(({ takes }) => takerAbove(takes, own));
  const [first] = takers;
  return first && takers.every((taker) => taker) ? first.id : undefined;
}

/** A mapping for the hook token at a hook whose other callers prove themselves by more: their calls go past it. */
export const pastByProof: Find = (rule, { takes: { name }, rules, origin }) => {
  if (origin !== 'config' || name === undefined || rule.verify) return [];
  const other = rules.find((one) => one.rule.verify && one.takes.name === name);
  if (!other) return [];
  const { scheme } = other.rule.verify as { scheme: string };
  const whose = other.origin === 'preset' ? `the preset of ${other.id}` : other.id;
  const message = `takes only calls with the hook token: calls that are proved by verify (${scheme}) go past it to ${whose}; give this one the same verify, or another path`;
  return [{ path: toPointer(['match', 'path']), message }];
};
