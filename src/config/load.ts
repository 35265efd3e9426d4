import { dirname, join, resolve } from 'node:path';
import { parseEnv } from 'node:util';
import { ConfigError, messageOf } from '../domain/errors.ts';
import { normalizeHookPath } from '../http/settings.ts';
import { forgottenSwitch, strayHookKeys } from '../mapping/settings/check-hooks.ts';
import { compileSchema } from '../schema/ajv.ts';
import { type Env, expandEnv, readEnvFile, readEnvText, repeatedNames, soleVariable } from '../schema/env.ts';
import { fileName, lostBackslashes, parseJson5, readText, repeatedKeys } from '../schema/json5-file.ts';
import type { LeftOut } from '../schema/left-out.ts';
import { locateProblems } from '../schema/locate.ts';
import type { Origins, Problem } from '../schema/problem.ts';
import { checkConfig } from './check-config.ts';
import { hideVariables } from './hide-variables.ts';
import { leaveOutBroken } from './left-out.ts';
import { absolutePaths } from './paths.ts';
import { type Config, configSchema } from './schema.ts';
import { withSpecVariables } from './spec-variables.ts';

const checkSchema = compileSchema(configSchema, { defaults: true });

export interface LoadedConfig {
  readonly config: Config;
  /** absolute */
  readonly file: string;
  /** the `.env` beside it, absolute; it need not exist */
  readonly envFile: string;
  /** the environment that the config was read with: `env` over `.env` */
  readonly env: Env;
  /** the parts that are not right; the config is without them, but for stubs that keep places in lists */
  readonly leftOut: readonly LeftOut[];
  /** what its files say and do not mean, a line for each */
  readonly hints: readonly string[];
  /** what the owner should know, with lines, of secrets that are used all the same */
  readonly warnings: readonly string[];
  /** set where `hooks.token` is exactly `${NAME}`; `file` where the value came from `.env` */
  readonly hookTokenVariable?: { readonly name: string; readonly file?: string };
  /** what may be secret: the variables of `.env`, and those that the config has read from elsewhere, with their values */
  readonly variables: ReadonlyMap<string, string>;
  /** Renders problems that only show when the config is used, with their lines. */
  readonly locate: (problems: readonly Problem[]) => string[];
  /** Shows `${NAME}` in place of what came from a variable, in words that the config is spoken of. */
  readonly hide: (text: string) => string;
}

/**
 * Reads a config file and the `.env` beside it. A part that is not right is left out alone; where anything else is wrong, throws
 * ConfigError with everything that is.
 */
export function loadConfig(file: string, env: Env = process.env): LoadedConfig {
  const path = resolve(file);
  const name = fileName(file);
  const envFile = join(dirname(path), '.env');
  const text = read(name, () => readText(path));
  const envText = read(fileName(envFile), () => readEnvText(envFile));
  const envOfFile = parseEnv(envText);
  const merged = { ...envOfFile, ...env };

  const written = withSpecVariables(parseJson5(text, name), merged);
  const { value, origins, variables, problems: unset, warnings } = expandEnv(written, configSchema, merged);
  const hide = hideVariables(variables);
  const locate = (problems: readonly Problem[]) => locateProblems(name, text, problems).map(hide);
  const remaining = leaveOutBroken(value, [...repeatedKeys(text), ...unset], (rest) => problemsOf(rest, origins));
  if (!remaining.ok) throw new ConfigError(locate(remaining.problems));
  const checked = checkSchema(structuredClone(remaining.value), origins);
  if (!checked.ok) throw new ConfigError(locate(checked.problems));

  const { hooks } = checked.value;
  const config = { ...checked.value, hooks: { ...hooks, path: normalizeHookPath(hooks.path) } };
  const hints = [
    ...repeatedNames(envText, fileName(envFile)),
    ...locateProblems(name, text, [...lostBackslashes(text), ...forgottenSwitch(written)]),
  ];
  const variable = soleVariable(origins.get('/hooks/token'));
  return {
    config: absolutePaths(config, dirname(path), merged),
    file: path,
    envFile,
    env: merged,
    leftOut: remaining.leftOut,
    hints,
    warnings: locate(warnings),
    ...(variable !== undefined && {
      hookTokenVariable: { name: variable, ...(env[variable] === undefined && { file: envFile }) },
    }),
    variables: new Map([...definedIn(envOfFile), ...variables]),
    locate,
    hide,
  };
}

function definedIn(env: Env): [string, string][] {
  return Object.entries(env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]));
}

/** The config of an empty file: with defaults alone, but perhaps for its store. */
export function defaultConfig(file: string, env: Env, storeUrl: string | undefined): LoadedConfig {
  const path = resolve(file);
  const checked = checkSchema(storeUrl === undefined ? {} : { store: { url: storeUrl } });
  if (!checked.ok) throw new Error(`the defaults are no config: ${JSON.stringify(checked.problems)}`);
  const merged = environmentOf(file, env);
  return {
    config: absolutePaths(checked.value, dirname(path), merged),
    file: path,
    envFile: join(dirname(path), '.env'),
    env: merged,
    leftOut: [],
    hints: [],
    warnings: [],
    variables: new Map(),
    locate: (problems) => locateProblems(fileName(file), '', problems),
    hide: (text) => text,
  };
}

/** `env` over the `.env` beside a config, where that can be read. */
export function environmentOf(file: string, env: Env): Env {
  try {
    return { ...readEnvFile(join(dirname(resolve(file)), '.env')), ...env };
  } catch {
    return env;
  }
}

function problemsOf(config: unknown, origins: Origins): Problem[] {
  // The check writes defaults into what it is given.
  const value = structuredClone(config);
  const stray = strayHookKeys(value);
  const checked = checkSchema(value, origins);
  return [...stray, ...(checked.ok ? [] : checked.problems), ...checkConfig(value, origins)];
}

function read<T>(name: string, readFile: () => T): T {
  try {
    return readFile();
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw new ConfigError([
      missing
        ? `${name}: there is no such file; make one with "gimli init"`
        : `${name}: cannot be read: ${messageOf(error)}`,
    ]);
  }
}
