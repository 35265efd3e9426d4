import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { ConfigError } from '../domain/errors.ts';
import type { Env } from '../schema/env.ts';

const fileName = 'gimli.json5';

/**
 * The config file to use: `option` (`--config`), GIMLI_CONFIG, `./gimli.json5`, `~/.gimli/gimli.json5`, in this order. The first
 * two are taken at their word, whether the file exists or not. Throws ConfigError where nothing is found.
 */
export function findConfig(option: string | undefined, env: Env, cwd: string): string {
  const named = option || env.GIMLI_CONFIG;
  if (named) return resolve(cwd, named);
  const places = [join(cwd, fileName), join(home(env), '.gimli', fileName)];
  const file = places.find((place) => existsSync(place));
  if (file === undefined) {
    throw new ConfigError([
      `no config found at ${places.join(' or ')}; make one with "gimli init", or name it with --config or GIMLI_CONFIG`,
    ]);
  }
  return file;
}

/** The home directory; `env` may say another than the system. */
export function home(env: Env): string {
  return env.HOME || homedir();
}
