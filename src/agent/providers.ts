import { TurnError } from '../domain/errors.ts';
import type { Env } from '../schema/env.ts';
import type { Agent } from './agent.ts';
import { type BuiltInProvider, builtInProviders } from './built-in-providers.ts';
import { apiOf, type ProviderApiName } from './catalog.ts';
import type { CreatedProvider, ProviderSurroundings } from './provider-api.ts';
import type { Provider, Providers } from './settings/providers.ts';

/** A provider with what speaks to it. */
export interface ProviderAgent extends CreatedProvider {
  /** `echo` calls no model, and `command` has a power of its own */
  readonly api: ProviderApiName;
}

/**
 * The built-in providers and those of the config, by id. A key of the environment is for the provider that it belongs to: no
 * other server may see it.
 */
export function providersOf(listed: Providers, env: Env): Map<string, Provider> {
  const read = (setting: 'baseURL' | 'apiKey', variable = '') => {
    const value = env[variable];
    return value ? { [setting]: value } : {};
  };
  const withDefaults = Object.entries<BuiltInProvider<Provider['api']>>(builtInProviders).map(
    ([id, { settings, keyVariable, addressVariable }]): [string, Provider] => {
      const own = listed[id];
      if (own && own.api !== settings.api) return [id, own];
      return [id, { ...settings, ...read('apiKey', keyVariable), ...read('baseURL', addressVariable), ...own }];
    },
  );
  const others = Object.entries(listed).filter(([id]) => !Object.hasOwn(builtInProviders, id));
  return new Map([...withDefaults, ...others]);
}

/** Loads what a provider needs, which would else be loaded at its first turn. */
export async function loadProvider({ api }: Provider): Promise<void> {
  await apiOf(api).load();
}

/** What speaks to a provider. Throws a `ConfigError` for one that cannot work. */
export function createProviderAgent(id: string, settings: Provider, around: ProviderSurroundings): ProviderAgent {
  return { ...apiOf(settings.api).create(id, settings, around), api: settings.api };
}

/** What stands for a provider that does not load. Its runs wait as they do for a key: only the owner can mend it. */
export function createBrokenProvider(id: string, problems: readonly string[]): ProviderAgent {
  const problem = `agents.providers.${id} does not load: ${problems.join('; ')}`;
  const agent: Agent = async () => {
    throw new TurnError('provider', problem, { trouble: 'key', gate: id });
  };
  // Whatever it was to be: no command, which would need a power of its own.
  return { agent, api: 'openai-chat', problem };
}
