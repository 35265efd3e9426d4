import type { Config } from '../config/schema.ts';
import { ConfigError, messageOf, TurnError } from '../domain/errors.ts';
import type { Agent } from './agent.ts';
import { createAnthropicAgent, keyProblem, loadAnthropic } from './anthropic.ts';
import { createEchoAgent } from './echo.ts';
import { createNames, splitModel } from './model-names.ts';

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
  /** Takes what `resolve` returned. Throws a `TurnError` for a provider that is not configured. */
  readonly agent: (providerModel: string) => ReadyAgent;
  /** Loads what the default model needs. Called once after start-up, it spares the first run the wait. */
  readonly warm: () => Promise<void>;
}

export interface ReadyAgent {
  readonly agent: Agent;
  /** the model's id without its provider */
  readonly model: string;
  /** what its provider speaks; `echo` calls no model */
  readonly api: Provider['api'];
  /** why every turn will fail, such as for want of an API key; undefined where one may succeed */
  readonly problem: string | undefined;
}

type Environment = Readonly<Record<string, string | undefined>>;
type Provider = Config['agents']['providers'][string];

/** `warn` gets a line for people about models that are retired. Throws a `ConfigError` for models that cannot work. */
export function createModels(
  agents: Config['agents'],
  env: Environment,
  warn: (line: string) => void = () => {},
): Models {
  const providers = withBuiltIns(agents.providers, env);
  const created = new Map([...providers].map(([id, provider]) => [id, createAgent(id, provider)]));
  const { resolve, resolveUnlisted } = createNames(agents.defaults.models, warn);

  const agent: Models['agent'] = (providerModel) => {
    const [id, model] = splitModel(providerModel);
    const found = created.get(id);
    if (found) return { ...found, model };
    const known = [...created.keys()].join(', ');
    throw new TurnError('model', `"${providerModel}" needs a provider "${id}"; agents.providers has: ${known}`);
  };

  const hasKey = Boolean(providers.get('anthropic')?.apiKey);
  const auto = hasKey ? 'anthropic/claude-sonnet-5-5' : 'echo/echo';
  const { model: asked, heartbeat } = agents.defaults;
  const usable = (key: string, name: string): string => {
    try {
      const model = resolve(name);
      agent(model);
      return model;
    } catch (error) {
      throw new ConfigError([`${key}: ${messageOf(error)}`]);
    }
  };
  const defaultModel =
    asked === 'auto'
      ? usable(`agents.defaults.model: "auto" is ${auto} ${hasKey ? 'with' : 'without'} an Anthropic API key`, auto)
      : usable('agents.defaults.model', asked);
  if (heartbeat.model !== undefined) usable('agents.defaults.heartbeat.model', heartbeat.model);

  const warm = async () => {
    if (providers.get(splitModel(defaultModel)[0])?.api === 'anthropic') await loadAnthropic();
  };
  return { resolve, resolveUnlisted, defaultModel, agent, warm };
}

/** The vendor's own key and address are for the provider `anthropic` alone: no other server may see that key. */
function withBuiltIns(listed: Config['agents']['providers'], env: Environment): Map<string, Provider> {
  const { ANTHROPIC_API_KEY: apiKey, ANTHROPIC_BASE_URL: baseURL } = env;
  const anthropic: Provider = {
    api: 'anthropic',
    ...(apiKey && { apiKey }),
    ...(baseURL && { baseURL }),
    ...listed.anthropic,
  };
  return new Map<string, Provider>(Object.entries({ echo: { api: 'echo' }, ...listed, anthropic }));
}

function createAgent(
  id: string,
  { api, baseURL = 'https://api.anthropic.com', apiKey }: Provider,
): Omit<ReadyAgent, 'model'> {
  if (api === 'echo') return { agent: createEchoAgent(id), api, problem: undefined };
  const url = URL.parse(baseURL);
  const problem = !url?.protocol.startsWith('http')
    ? 'is no http(s) address'
    : url.username || url.password
      ? 'holds a user name or password: use apiKey'
      : /\/v1\/?$/.test(url.pathname)
        ? 'ends in /v1, which the Anthropic protocol adds by itself: leave it out'
        : undefined;
  if (problem) throw new ConfigError([`agents.providers.${id}.baseURL ${problem}`]);
  return { agent: createAnthropicAgent({ provider: id, baseURL, apiKey }), api, problem: keyProblem(apiKey, id) };
}
