import type { Config } from '../config/schema.ts';
import { ConfigError, TurnError } from '../domain/errors.ts';
import type { Agent } from './agent.ts';
import { createAnthropicAgent, loadAnthropic } from './anthropic.ts';
import { keyProblem, keyVariables } from './api-key.ts';
import { createCommandAgent } from './command.ts';
import { createEchoAgent } from './echo.ts';
import type { HttpProvider } from './http-agent.ts';
import { createOpenAIAgent } from './openai.ts';
import { createOpenAIChatAgent } from './openai-chat.ts';
import { loadOpenAI } from './openai-client.ts';

export type Provider = Config['agents']['providers'][string];
export type Environment = Readonly<Record<string, string | undefined>>;

/** A provider with what speaks to it. */
export interface ProviderAgent {
  readonly agent: Agent;
  /** `echo` calls no model, and `command` has a power of its own */
  readonly api: Provider['api'];
  /** why every turn will fail, such as for want of an API key; undefined where one may succeed */
  readonly problem: string | undefined;
}

type Setting = 'baseURL' | 'apiKey';

/** Providers that need no configuration, but perhaps a key. Other servers than the vendor's get what they say they know. */
const builtIn: Readonly<Record<string, Provider>> = {
  echo: { api: 'echo' },
  anthropic: { api: 'anthropic' },
  openai: { api: 'openai' },
  ollama: { api: 'anthropic', baseURL: 'http://localhost:11434', apiKey: 'ollama' },
  openrouter: { api: 'anthropic', baseURL: 'https://openrouter.ai/api' },
};

const addressVariables: ReadonlyMap<string, string> = new Map([
  ['anthropic', 'ANTHROPIC_BASE_URL'],
  ['openai', 'OPENAI_BASE_URL'],
]);

/**
 * The built-in providers and those of the config, by id. A key of the environment is for the provider that it belongs to: no
 * other server may see it.
 */
export function providersOf(listed: Config['agents']['providers'], env: Environment): Map<string, Provider> {
  const read = (variables: ReadonlyMap<string, string>, id: string, setting: Setting) => {
    const value = env[variables.get(id) ?? ''];
    return value ? { [setting]: value } : {};
  };
  const withDefaults = Object.entries(builtIn).map(([id, usual]): [string, Provider] => {
    const own = listed[id];
    if (own && own.api !== usual.api) return [id, own];
    return [id, { ...usual, ...read(keyVariables, id, 'apiKey'), ...read(addressVariables, id, 'baseURL'), ...own }];
  });
  const others = Object.entries(listed).filter(([id]) => !Object.hasOwn(builtIn, id));
  return new Map([...withDefaults, ...others]);
}

interface HttpApi {
  readonly create: (options: HttpProvider) => Agent;
  /** loads its SDK */
  readonly load: () => Promise<unknown>;
  /** the vendor's own address, or none that could be meant */
  readonly baseURL?: string;
  /** what an address must not end in, and why */
  readonly ending: readonly [RegExp, string];
  /** what servers get that want no key */
  readonly apiKey?: string;
}

const endpoint = [
  /\/(responses|chat\/completions)\/?$/,
  'ends in an endpoint, which the protocol adds by itself: end it before, mostly in /v1',
] as const;

const httpApis: Readonly<Record<'anthropic' | 'openai' | 'openai-chat', HttpApi>> = {
  anthropic: {
    create: createAnthropicAgent,
    load: loadAnthropic,
    baseURL: 'https://api.anthropic.com',
    ending: [/\/v1\/?$/, 'ends in /v1, which the Anthropic protocol adds by itself: leave it out'],
  },
  openai: {
    create: createOpenAIAgent,
    load: loadOpenAI,
    baseURL: 'https://api.openai.com/v1',
    ending: endpoint,
  },
  'openai-chat': { create: createOpenAIChatAgent, load: loadOpenAI, ending: endpoint, apiKey: 'none' },
};

/** Loads what a provider needs, which would else be loaded at its first turn. */
export async function loadProvider({ api }: Provider): Promise<void> {
  if (api !== 'echo' && api !== 'command') await httpApis[api].load();
}

/**
 * What speaks to a provider. Throws a `ConfigError` for one that cannot work.
 * @param workspace where commands run, unless they have a folder of their own
 */
export function createProviderAgent(
  provider: string,
  settings: Provider,
  { env, workspace }: { readonly env: Environment; readonly workspace: string },
): ProviderAgent {
  const { api } = settings;
  if (api === 'echo') return { agent: createEchoAgent(provider), api, problem: undefined };
  if (api === 'command') {
    const { command = '', args = [], cwd } = settings;
    const inherited = ['PATH', 'HOME', 'LANG', 'TMPDIR'].flatMap((name) => (env[name] ? [[name, env[name]]] : []));
    const environment = { ...Object.fromEntries(inherited), ...settings.env };
    const agent = createCommandAgent({ provider, command, args, env: environment, cwd, workspace });
    return { agent, api, problem: undefined };
  }
  const { create, ending, ...usual } = httpApis[api];
  const { baseURL = usual.baseURL ?? '', apiKey = usual.apiKey } = settings;
  const problem = addressProblem(baseURL, ending);
  if (problem !== undefined) throw new ConfigError([`agents.providers.${provider}.baseURL ${problem}`]);
  const { contextTokens } = settings;
  // Ollama cuts a prompt to a size of its own without a word. This tells it a better one, where it listens: see docs/models.md.
  const extra = provider === 'ollama' && contextTokens ? { options: { num_ctx: contextTokens } } : undefined;
  return { agent: create({ provider, baseURL, apiKey, extra }), api, problem: keyProblem(apiKey, provider) };
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

function addressProblem(baseURL: string, [ending, whyNot]: HttpApi['ending']): string | undefined {
  const url = URL.parse(baseURL);
  if (!url?.protocol.startsWith('http')) return 'is no http(s) address';
  if (url.username || url.password) return 'holds a user name or password: use apiKey';
  return ending.test(url.pathname) ? whyNot : undefined;
}
