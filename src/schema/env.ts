import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import type { TSchema } from 'typebox';
import { readSecret } from '../domain/text/secret.ts';
import { found } from './found.ts';
import { childSchema, type JsonSchema } from './json-schema.ts';
import { type Origins, type Problem, toPointer } from './problem.ts';

export type Env = Readonly<Record<string, string | undefined>>;

/** The text of a `.env` file; empty where there is no such file. Throws where it cannot be read. */
export function readEnvText(file: string): string {
  try {
    return readFileSync(file, 'utf8').replace(/^\uFEFF/, '');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}

/** The variables of a `.env` file; none where there is no such file. Throws where it cannot be read. */
export function readEnvFile(file: string): Env {
  return parseEnv(readEnvText(file));
}

/** Names that stand twice in the text of a `.env` file, a line for each; of these the last counts. */
export function repeatedNames(text: string, file: string): string[] {
  const first = new Map<string, number>();
  // A value in quotes may have lines that look like names.
  const entries = text.matchAll(/^[ \t]*(?:export[ \t]+)?([\w.-]+)[ \t]*=[ \t]*("[^"]*"|'[^']*'|`[^`]*`|[^\r\n]*)/gm);
  let [line, from] = [1, 0];
  return [...entries].flatMap(({ 1: name = '', index }) => {
    line += text.slice(from, index).split('\n').length - 1;
    from = index;
    const before = first.get(name);
    if (before === undefined) first.set(name, line);
    return before === undefined
      ? []
      : [`${file}:${line}: ${name}: written twice (first in line ${before}); the last counts`];
  });
}

export interface Expanded {
  /** a copy of the value with every placeholder replaced, and every secret as it is meant */
  readonly value: unknown;
  readonly origins: Origins;
  readonly problems: readonly Problem[];
  /** what the owner should know of secrets that are used all the same; of a variable once, wherever it stands */
  readonly warnings: readonly Problem[];
  /** the variables that were read, with their values */
  readonly variables: ReadonlyMap<string, string>;
  /** the variables that are not set, by the JSON pointer of the string that names them; each is a problem as well */
  readonly unset: ReadonlyMap<string, readonly string[]>;
}

/**
 * Replaces `${NAME}` and `${NAME:-default}` (for unset and empty) in every string; `$${` stands for a plain `${`.
 * A string that is nothing but a placeholder becomes a number or boolean where the schema wants one. What the schema marks as a
 * secret is read by `readSecret`.
 */
export function expandEnv(value: unknown, schema: TSchema, env: Env): Expanded {
  const origins = new Map<string, string>();
  const problems: Problem[] = [];
  const warnings = new Map<string, Problem>();
  const missing = new Map<string, readonly string[]>();
  const variables = new Map<string, string>();

  function secretOf(text: string, path: string, written: string): string {
    const { secret, remarks } = readSecret(text);
    const variable = soleVariable(written);
    for (const remark of remarks) {
      const message = variable === undefined ? remark : `${variable} ${remark}`;
      const key = variable === undefined ? path + message : message;
      if (!warnings.has(key)) warnings.set(key, { path, message });
    }
    return secret;
  }

  function expand(here: unknown, wanted: JsonSchema | undefined, path: string): unknown {
    if (Array.isArray(here)) {
      return here.map((item, index) => expand(item, childSchema(wanted, index), path + toPointer([index])));
    }
    if (typeof here === 'object' && here !== null) {
      const entries = Object.entries(here);
      return Object.fromEntries(
        entries.map(([key, item]) => [key, expand(item, childSchema(wanted, key), path + toPointer([key]))]),
      );
    }
    if (typeof here !== 'string') return here;
    if (!here.includes('${')) return wanted?.writeOnly ? secretOf(here, path, here) : here;

    const { text, unset, malformed, used } = replacePlaceholders(here, env, variables);
    if (malformed !== undefined) problems.push({ path, message: malformedMessage(found(path, malformed)) });
    else if (unset.length > 0) {
      problems.push({ path, message: unsetMessage(unset) });
      missing.set(path, unset);
    } else {
      if (used) origins.set(path, here);
      if (wanted?.writeOnly) return secretOf(text, path, here);
    }
    return /^\$\{[^}]*\}$/.test(here) ? (converted(text, wanted) ?? text) : text;
  }

  return {
    value: expand(value, schema as JsonSchema, ''),
    origins,
    problems,
    warnings: [...warnings.values()],
    variables,
    unset: missing,
  };
}

/** The variable that a string consists of, where it is exactly `${NAME}`. */
export function soleVariable(text: string | undefined): string | undefined {
  return text?.match(/^\$\{([A-Za-z_]\w*)\}$/)?.[1];
}

interface Replaced {
  readonly text: string;
  /** whether a variable was read */
  readonly used: boolean;
  readonly unset: readonly string[];
  /** the first placeholder that is none */
  readonly malformed: string | undefined;
}

function replacePlaceholders(written: string, env: Env, variables: Map<string, string>): Replaced {
  const unset: string[] = [];
  let malformed: string | undefined;
  let used = false;
  const text = written.replace(/\$?\$\{([^}]*)(\}?)/g, (whole: string, inside: string, end: string) => {
    if (whole.startsWith('$$')) return whole.slice(1);
    const [, name, , fallback] = inside.match(/^([A-Za-z_]\w*)(:-(.*))?$/s) ?? [];
    if (name === undefined || end === '') {
      malformed ??= whole;
      return whole;
    }
    used = true;
    const value = Object.hasOwn(env, name) ? env[name] : undefined;
    if (value) variables.set(name, value);
    if (fallback !== undefined) return value || fallback;
    if (value === undefined) unset.push(name);
    return value ?? whole;
  });
  return { text, used, unset, malformed };
}

function unsetMessage(names: readonly string[]): string {
  const subject = names.length === 1 ? `the variable ${names[0]} is` : `the variables ${names.join(' and ')} are`;
  return `${subject} not set; set ${names.length === 1 ? 'it' : 'them'} in the environment or in .env, or give a default: \${${names[0]}:-…}`;
}

function malformedMessage(shown: string): string {
  return `expected \${NAME} or \${NAME:-default}, found ${shown}; a plain \${ is written $\${`;
}

/** The first alternative of the schema that the text fits; undefined where none does. */
function converted(text: string, schema: JsonSchema | undefined): string | number | boolean | undefined {
  for (const branch of schema?.anyOf ?? []) {
    const value = converted(text, branch);
    if (value !== undefined) return value;
  }
  switch (schema?.type) {
    case 'string':
      return text;
    case 'boolean':
      return text === 'true' ? true : text === 'false' ? false : undefined;
    case 'integer':
    case 'number':
      return /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : undefined;
    default:
      return undefined;
  }
}
