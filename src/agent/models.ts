import { ConfigError, messageOf, TurnError } from '../domain/errors.ts';
import type { Price } from '../domain/spending.ts';
import type { Env } from '../schema/env.ts';
import { autoModels, successorOf } from './aliases.ts';
import { contextTokensOf } from './context-sizes.ts';
import { createNames, retirement, splitModel } from './model-names.ts';
import { createPrices } from './prices.ts';
import {
  createBrokenProvider,
  createProviderAgent,
  loadProvider,
  type ProviderAgent,
  providersOf,
} from './providers.ts';
import type { AgentSettings } from './settings/agents.ts';

export interface Models {
  /**
   * An alias or provider/model as provider/model. Throws an Error that the caller may see for a name that is neither, and for
   * one that `agents.defaults.models` does not list. Whether its provider exists is for `agent` to say.
   */
  readonly resolve: (name: string) => string;
  /** The same without that list, for a model that no run can choose. */
  readonly resolveUnlisted: (name: string) => string;
  /** provider/model; `auto` is settled */
  readonly defaultModel: string;
  /** what is asked, in this order, while the model of a run is down; each as provider/model */
  readonly fallbacks: readonly string[];
  /** Takes what `resolve` returned. Throws a `TurnError` for a provider that is not configured. */
  readonly agent: (providerModel: string) => ReadyAgent;
  /** Whether the provider of a model that `resolve` returned is configured. */
  readonly hasProvider: (providerModel: string) => boolean;
  /** Whether a model that `resolve` returned is a command on this machine. */
  readonly runsCommand: (providerModel: string) => boolean;
  /** What a model (provider/model) costs; undefined where that is not known. */
  readonly priceOf: (providerModel: string) => Price | undefined;
  /** Whether it is known how much a model (provider/model) can read at once, or does not matter. */
  readonly isSizeKnown: (providerModel: string) => boolean;
  /** Loads what the default model needs. Called once after start-up, it spares the first run the wait. */
  readonly warm: () => Promise<void>;
}

export interface ReadyAgent extends ProviderAgent {
  /** provider/model that will run: a retired model's successor */
  readonly name: string;
  /** the same without its provider */
  readonly model: string;
  /** for people, where that is not what was asked for */
  readonly warning: string | undefined;
  /** how many tokens it takes at once, prompt and reply together; undefined where that is not known */
  readonly contextTokens: number | undefined;
}

/** Providers that do not load, with why: what they are asked waits until they are mended. */
export type BrokenProviders = Map<string, readonly string[]>;

/**
 * `warn` gets a line for people about models that are retired. Throws a `ConfigError` for models that cannot work.
 * @param broken what is known of already; to it are added the providers that cannot work. Without it these are a `ConfigError` as well
 */
export function createModels(
  agents: AgentSettings,
  env: Env,
  warn: (line: string) => void = () => {},
  broken?: BrokenProviders,
): Models {
  const { model: asked, heartbeat, workspace } = agents.defaults;
  const providers = providersOf(agents.providers, env);
  const created = new Map<string, ProviderAgent>();
  for (const [id, problems] of broken ?? []) created.set(id, createBrokenProvider(id, problems));
  for (const [id, provider] of providers) {
    if (created.has(id)) continue;
    try {
      created.set(id, createProviderAgent(id, provider, { env, workspace }));
    } catch (error) {
      if (!broken || !(error instanceof ConfigError)) throw error;
      broken.set(id, error.problems);
      created.set(id, createBrokenProvider(id, error.problems));
    }
  }
  const { resolve, resolveUnlisted } = createNames(agents.defaults.models, warn);
  const prices = createPrices(agents.prices, resolveUnlisted);

  const agent: Models['agent'] = (providerModel) => {
    const successor = successorOf(providerModel);
    const name = successor ?? providerModel;
    const [id, model] = splitModel(name);
    const found = created.get(id);
    const contextTokens = contextTokensOf(name, providers.get(id));
    if (found) return { ...found, name, model, contextTokens, warning: successor && retirement(providerModel) };
    const known = [...created.keys()].join(', ');
    throw new TurnError('model', `"${providerModel}" needs a provider "${id}"; agents.providers has: ${known}`, {
      trouble: 'model',
    });
  };
  const apiOf = (providerModel: string) => created.get(splitModel(providerModel)[0])?.api;
  const hasProvider = (providerModel: string) =>
    created.has(splitModel(successorOf(providerModel) ?? providerModel)[0]);
  const runsCommand = (providerModel: string) => apiOf(providerModel) === 'command';
  const priceOf = (providerModel: string) =>
    apiOf(providerModel) === 'echo' ? { input: 0, output: 0 } : prices.get(successorOf(providerModel) ?? providerModel);
  const isSizeKnown = (providerModel: string) =>
    ['echo', 'command', undefined].includes(apiOf(providerModel)) || agent(providerModel).contextTokens !== undefined;

  const usable = (key: string, name: string): string => {
    try {
      const model = resolve(name);
      agent(model);
      return model;
    } catch (error) {
      throw new ConfigError([`${key}: ${messageOf(error)}`]);
    }
  };
  const [, auto = 'echo/echo'] = [...autoModels].find(([id]) => providers.get(id)?.apiKey) ?? [];
  const defaultModel =
    asked === 'auto'
      ? usable(`agents.defaults.model: "auto" is ${auto} with the API keys that are set`, auto)
      : usable('agents.defaults.model', asked);
  if (heartbeat.model !== undefined) usable('agents.defaults.heartbeat.model', heartbeat.model);
  const fallbacks = agents.defaults.fallbacks.map((name, at) => usable(`agents.defaults.fallbacks[${at}]`, name));

  const warm = async () => {
    const provider = providers.get(splitModel(defaultModel)[0]);
    if (provider) await loadProvider(provider);
  };
  return {
    resolve,
    resolveUnlisted,
    defaultModel,
    fallbacks,
    agent,
    hasProvider,
    runsCommand,
    priceOf,
    isSizeKnown,
    warm,
  };
}
