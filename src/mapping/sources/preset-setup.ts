import { valueAt } from '../../domain/event.ts';
import { type Expanded, soleVariable } from '../../schema/env.ts';
import type { Problem } from '../../schema/problem.ts';
import { hookKeys } from '../settings/settings.ts';

interface Loading {
  /** the preset's */
  readonly name: string;
  /** what it says of its variables; it may be invalid */
  readonly variables: unknown;
  readonly expanded: Expanded;
  readonly problems: readonly Problem[];
}

/**
 * What the owner has still to set up, as told from what is wrong in the preset's file: one message for all variables that are
 * not set, and one for each that holds what cannot be right. `covers` tells the problems that these messages speak of.
 */
export function setupProblems({ name, variables, expanded, problems }: Loading): {
  messages: string[];
  covers: (problem: Problem) => boolean;
} {
  const { unset, origins } = expanded;
  const wrong = problems.flatMap(({ path, message }) => {
    const variable = soleVariable(origins.get(path));
    return variable === undefined ? [] : [`the preset "${name}": ${variable}: ${message}`];
  });
  const missing = [...new Set([...unset.values()].flat())];
  const proofOnly = [...unset.keys()].every((path) => /^(\/mappings\/\d+)?\/verify\//.test(path));
  return {
    messages: [
      ...(missing.length > 0 ? [unsetMessage(name, missing, variables, proofOnly)] : []),
      // The same variable may stand in many mappings.
      ...new Set(wrong),
    ],
    covers: ({ path }) => unset.has(path) || soleVariable(origins.get(path)) !== undefined,
  };
}

function unsetMessage(preset: string, names: readonly string[], variables: unknown, proofOnly: boolean): string {
  const what = names.length === 1 ? 'a variable that is' : 'variables that are';
  const wanted = names.map((name) => {
    const meaning = valueAt(variables, [name]);
    return typeof meaning === 'string' ? `${name} to ${meaning}` : name;
  });
  const message = `the preset "${preset}" needs ${what} not set: in .env, set ${wanted.join(' and ')}`;
  // A preset whose name is a key of hooks has no overlay.
  if (!proofOnly || hookKeys.includes(preset)) return message;
  return `${message}; or say in hooks.${preset}.verify how its senders prove themselves`;
}
