import { ConfigError } from '../domain/errors.ts';
import { shortNames, successorOf } from './aliases.ts';
import type { Defaults } from './settings/defaults.ts';

export interface Names {
  /** Throws an Error for what is no model, and for one that `agents.defaults.models` does not list. */
  readonly resolve: (name: string) => string;
  /** The same for a model of ours that no run can choose, and which the list need not have. */
  readonly resolveUnlisted: (name: string) => string;
}

/**
 * From what people write to provider/model; a retired model stays what was asked for. `listed` is `agents.defaults.models`: the
 * owner's aliases, which go before the built-in ones, and, when given, the only models allowed. `warn` hears once of each
 * retired model that was asked for. Throws a `ConfigError` for a list that cannot work.
 */
export function createNames(listed: Defaults['models'], warn: (message: string) => void): Names {
  const aliases = new Map<string, string>();
  const warned = new Set<string>();
  const builtIn = (name: string) => {
    // Older documents name these models without their provider.
    const retired = [name, `anthropic/${name}`].find((one) => successorOf(one) !== undefined);
    if (retired && !warned.has(retired)) {
      warned.add(retired);
      warn(retirement(retired));
    }
    return shortNames.get(name) ?? retired ?? name;
  };
  const standIn = (model: string) => successorOf(model) ?? model;

  const allowed = new Set<string>();
  const problems: string[] = [];
  for (const [key, { alias }] of Object.entries(listed ?? {})) {
    const model = builtIn(key);
    allowed.add(standIn(model));
    const at = `agents.defaults.models["${key}"]`;
    if (!isModel(model)) problems.push(`${at}: ${notAModel(key, [])}`);
    if (alias === undefined) continue;
    if (aliases.has(alias)) problems.push(`${at}: the alias "${alias}" already stands for ${aliases.get(alias)}`);
    aliases.set(alias, model);
  }
  if (problems.length > 0) throw new ConfigError(problems);
  const short = [...shortNames].filter(([, model]) => listed === undefined || allowed.has(model));
  const usableNames = [...new Set([...aliases.keys(), ...short.map(([name]) => name)])];

  const resolveUnlisted = (name: string) => {
    const asked = name.trim();
    const model = aliases.get(asked) ?? builtIn(asked);
    if (!isModel(model)) throw new Error(notAModel(model, usableNames));
    return model;
  };
  const resolve = (name: string) => {
    const model = resolveUnlisted(name);
    if (listed === undefined || allowed.has(standIn(model))) return model;
    throw new Error(`"${name}" is not allowed; agents.defaults.models lists: ${[...allowed].join(', ')}`);
  };
  return { resolve, resolveUnlisted };
}

/** For people: what becomes of a retired model. */
export function retirement(model: string): string {
  return `model "${model}" is retired: ${successorOf(model)} runs instead`;
}

/** Splits at the first slash: what follows belongs to the provider and may hold more of them. */
export function splitModel(model: string): readonly [provider: string, id: string] {
  const slash = model.indexOf('/');
  return [model.slice(0, Math.max(slash, 0)), model.slice(slash + 1)];
}

function isModel(name: string): boolean {
  const [provider, id] = splitModel(name);
  return provider !== '' && id !== '';
}

function notAModel(name: string, aliases: readonly string[]): string {
  const example = name.startsWith('claude-') ? `anthropic/${name}` : 'anthropic/claude-sonnet-5-5';
  const orAlias = aliases.length === 0 ? '' : `, or an alias (${aliases.join(', ')})`;
  return `"${name}" is no model: write provider/model, such as "${example}"${orAlias}`;
}
