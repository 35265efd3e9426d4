import { existsSync } from 'node:fs';
import JSON5 from 'json5';
import { ConfigError } from '../domain/errors.ts';
import { valueAt } from '../domain/event.ts';
import { type Env, expandEnv } from '../schema/env.ts';
import { readText } from '../schema/json5-file.ts';
import { findStoreUrl, storeOf, storeUrlPattern } from '../store/store-url.ts';
import { defaultConfig, environmentOf, type LoadedConfig, loadConfig } from './load.ts';
import { configSchema } from './schema.ts';

export interface LenientConfig {
  readonly loaded: LoadedConfig;
  /** why the config does not load; then `loaded` is the defaults, with the store that the file names */
  readonly problems?: readonly string[];
}

/**
 * A config for looking at what is stored, which must not need what may be the very thing that is looked into. Throws ConfigError where
 * there is no such file, or no store to look at.
 */
export function loadLeniently(file: string, env: Env = process.env): LenientConfig {
  try {
    return { loaded: loadConfig(file, env) };
  } catch (error) {
    if (!(error instanceof ConfigError) || !existsSync(file)) throw error;
    const loaded = defaultConfig(file, env, storeUrlIn(file, env));
    if (!existsSync(storeOf(loaded.config.store.url).file)) throw error;
    return { loaded, problems: error.problems };
  }
}

/** What `store.url` says, where that can still be read. */
function storeUrlIn(file: string, env: Env): string | undefined {
  try {
    const text = readText(file);
    const url = parsedUrl(text) ?? findStoreUrl(text);
    const { value, problems } = expandEnv({ store: { url } }, configSchema, environmentOf(file, env));
    const found = valueAt(value, ['store', 'url']);
    return problems.length === 0 && typeof found === 'string' && new RegExp(storeUrlPattern).test(found)
      ? found
      : undefined;
  } catch {
    return undefined;
  }
}

function parsedUrl(text: string): unknown {
  try {
    return valueAt(JSON5.parse(text), ['store', 'url']);
  } catch {
    return undefined;
  }
}
