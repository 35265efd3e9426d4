import { resolve } from 'node:path';
import { isPresetFile } from '../mapping/settings/preset-name.ts';
import type { Env } from '../schema/env.ts';
import { storeOf, storeUrlOf } from '../store/store-url.ts';
import { home } from './find-config.ts';
import type { Config } from './schema.ts';

/** The config with every path in it absolute: relative ones count from `folder`, and `~/` is the home directory. */
export function absolutePaths(config: Config, folder: string, env: Env): Config {
  const absolute = (path: string) =>
    resolve(
      folder,
      path.replace(/^~(?=$|[/\\])/, () => home(env)),
    );
  // A bare name is looked up in PATH.
  const program = (command: string) => (/[\\/]/.test(command) ? absolute(command) : command);
  const { hooks, specs, agents, alarms, store } = config;
  const place = storeOf(store.url);
  return {
    ...config,
    hooks: {
      ...hooks,
      presets: hooks.presets.map((entry) => (isPresetFile(entry) ? absolute(entry) : entry)),
      transformsDir: absolute(hooks.transformsDir),
    },
    specs: { ...specs, dir: absolute(specs.dir) },
    agents: {
      ...agents,
      defaults: { ...agents.defaults, workspace: absolute(agents.defaults.workspace) },
      mcpServers: Object.fromEntries(
        Object.entries(agents.mcpServers).map(([id, server]) => {
          const { command, cwd = '.' } = server;
          if (command === undefined) return [id, server];
          return [id, { ...server, command: program(command), cwd: absolute(cwd) }];
        }),
      ),
      providers: Object.fromEntries(
        Object.entries(agents.providers).map(([id, { command, cwd, ...same }]) => [
          id,
          {
            ...same,
            ...(command !== undefined && { command: program(command) }),
            ...(cwd !== undefined && { cwd: absolute(cwd) }),
          },
        ]),
      ),
    },
    alarms: { ...alarms, ...(alarms.command !== undefined && { command: program(alarms.command) }) },
    store: { ...store, url: storeUrlOf({ ...place, file: absolute(place.file) }) },
  };
}
