import { Type } from 'typebox';
import { ConfigError } from '../../domain/errors.ts';
import type { Agent } from '../agent.ts';
import { keyProblem } from '../api-key.ts';
import type { ProviderApi } from '../provider-api.ts';
import type { HttpProvider } from './http-agent.ts';

const text = { minLength: 1, pattern: '\\S' };

const options = {
  baseURL: Type.String({
    ...text,
    description: 'Another address than the vendor’s own: without `/v1` for `anthropic`, with it for the others.',
  }),
  apiKey: Type.String({ ...text, description: 'Usually `${SOME_API_KEY}`. `openai-chat` does without.' }),
};

interface HttpApi<Name extends string> {
  readonly name: Name;
  readonly create: (options: HttpProvider) => Agent;
  /** loads its SDK */
  readonly load: () => Promise<unknown>;
  /** the vendor's own address; without one, a provider has to say its own */
  readonly baseURL?: string;
  /** what an address must not end in, and why */
  readonly ending: readonly [RegExp, string];
  /** what servers get that want no key */
  readonly apiKey?: string;
}

/** An API over HTTP: a provider of it has an address and a key. */
export function httpApi<Name extends string>(api: HttpApi<Name>): ProviderApi<Name, typeof options> {
  return {
    name: api.name,
    options,
    needs: api.baseURL === undefined ? ['baseURL'] : [],
    load: api.load,
    create(provider, { contextTokens, ...settings }) {
      const { baseURL = api.baseURL ?? '', apiKey = api.apiKey } = settings;
      const problem = addressProblem(baseURL, api.ending);
      if (problem !== undefined) throw new ConfigError([`agents.providers.${provider}.baseURL ${problem}`]);
      // Ollama cuts a prompt to a size of its own without a word. This tells it a better one, where it listens: see docs/models.md.
      const extra = provider === 'ollama' && contextTokens ? { options: { num_ctx: contextTokens } } : undefined;
      return { agent: api.create({ provider, baseURL, apiKey, extra }), problem: keyProblem(apiKey, provider) };
    },
  };
}

function addressProblem(baseURL: string, [ending, whyNot]: HttpApi<string>['ending']): string | undefined {
  const url = URL.parse(baseURL);
  if (!url?.protocol.startsWith('http')) return 'is no http(s) address';
  if (url.username || url.password) return 'holds a user name or password: use apiKey';
  return ending.test(url.pathname) ? whyNot : undefined;
}
