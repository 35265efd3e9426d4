import { describe, expect, it } from '@jest/globals';
import { createModels } from '../../src/agent/models.ts';
import type { Tool } from '../../src/agent/tools/tool.ts';
import type { Config } from '../../src/config/schema.ts';
import { ConfigError } from '../../src/domain/errors.ts';
import { serve, startModelServer } from './model-server.ts';

type Agents = Config['agents'];
const key = { ANTHROPIC_API_KEY: 'sk-env' };

function agents(defaults: Partial<Agents['defaults']> = {}, providers: Agents['providers'] = {}): Agents {
  const heartbeat = { every: '30m', target: 'last' as const, ackMaxChars: 300, minGapSeconds: 0, tools: [] };
  const usual = {
    model: 'auto',
    fallbacks: [],
    tools: [],
    timeoutSeconds: 600,
    maxTimeoutSeconds: 3600,
    maxConcurrent: 8,
    timezone: 'local',
    workspace: '/tmp',
    budget: {},
    retryFor: '7d',
    heartbeat,
  };
  return { defaults: { ...usual, ...defaults }, providers, prices: {}, mcpServers: {} };
}

describe('the default model', () => {
  const cases: [string, Agents, Record<string, string>, string][] = [
    ['auto with a key in the environment', agents(), key, 'anthropic/claude-sonnet-5-5'],
    [
      'auto with a key in the config',
      agents({}, { anthropic: { api: 'anthropic', apiKey: 'k' } }),
      {},
      'anthropic/claude-sonnet-5-5',
    ],
    ['auto with a key of OpenAI', agents(), { OPENAI_API_KEY: 'k' }, 'openai/gpt-6.1-sol'],
    ['auto with both keys', agents(), { ...key, OPENAI_API_KEY: 'k' }, 'anthropic/claude-sonnet-5-5'],
    ['auto with the key of another provider', agents(), { OPENROUTER_API_KEY: 'k' }, 'echo/echo'],
    ['auto without a key', agents(), {}, 'echo/echo'],
    ['auto with an empty key', agents(), { ANTHROPIC_API_KEY: '' }, 'echo/echo'],
    ['an alias', agents({ model: 'opus' }), {}, 'anthropic/claude-opus-5-5'],
    [
      'a model of a provider in the config',
      agents({ model: 'local/a/b' }, { local: { api: 'anthropic' } }),
      key,
      'local/a/b',
    ],
  ];
  it.each(cases)('given as %s is settled', (_, config, env, expected) => {
    expect(createModels(config, env).defaultModel).toBe(expected);
  });
});

describe('a name', () => {
  const open = createModels(agents(), {});
  const listed = createModels(
    agents({
      models: {
        'echo/echo': {},
        'openai/gpt-5.2-mini': { alias: 'mini' },
        'anthropic/claude-3-5-sonnet': {},
        opus: { alias: 'sonnet' },
      },
    }),
    {},
  );
  const good: [string, string, typeof open][] = [
    ['haiku', 'anthropic/claude-haiku-5-5', open],
    ['mythos', 'anthropic/claude-mythos-5-2', open],
    ['anthropic/claude-haiku', 'anthropic/claude-haiku-5-5', open],
    [' anthropic/claude-opus-4-8 ', 'anthropic/claude-opus-4-8', open],
    ['openai/gpt-5.2-mini', 'openai/gpt-5.2-mini', open],
    ['openrouter/anthropic/claude-sonnet-5-5', 'openrouter/anthropic/claude-sonnet-5-5', open],
    ['mini', 'openai/gpt-5.2-mini', listed],
    ['claude-3-5-sonnet', 'anthropic/claude-3-5-sonnet', listed],
    ['anthropic/claude-sonnet-5-5', 'anthropic/claude-sonnet-5-5', listed],
    ['sonnet', 'anthropic/claude-opus-5-5', listed],
    ['opus', 'anthropic/claude-opus-5-5', listed],
  ];
  it.each(good)('%j means %s', (name, expected, models) => {
    expect(models.resolve(name)).toBe(expected);
  });

  const allowed = 'echo/echo, openai/gpt-5.2-mini, anthropic/claude-sonnet-5-5, anthropic/claude-opus-5-5';
  const bad: [string, string, typeof open][] = [
    ['claude-opus-4-8', 'write provider/model, such as "anthropic/claude-opus-4-8"', open],
    [
      'gpt',
      '"gpt" is no model: write provider/model, such as "anthropic/claude-sonnet-5-5", or an alias (haiku, sonnet',
      open,
    ],
    ['gpt', 'or an alias (mini, sonnet, opus)', listed],
    ['constructor', '"constructor" is no model', open],
    ['/x', '"/x" is no model', open],
    ['openai/', '"openai/" is no model', open],
    ['haiku', `"haiku" is not allowed; agents.defaults.models lists: ${allowed}`, listed],
    ['openai/gpt-5.2', `"openai/gpt-5.2" is not allowed; agents.defaults.models lists: ${allowed}`, listed],
  ];
  it.each(bad)('%j is refused: %s', (name, message, models) => {
    expect(() => models.resolve(name)).toThrow(message);
  });

  it('may be of a model that is not listed where no run chooses it, but not be nonsense', () => {
    expect(listed.resolveUnlisted('haiku')).toBe('anthropic/claude-haiku-5-5');
    expect(listed.resolveUnlisted('mini')).toBe('openai/gpt-5.2-mini');
    expect(() => listed.resolveUnlisted('gpt')).toThrow('"gpt" is no model');
  });

  it('of a retired model is reported once', () => {
    const lines: string[] = [];
    const models = createModels(agents(), {}, (line) => lines.push(line));
    for (const name of ['claude-3-5-sonnet', 'anthropic/claude-3-5-sonnet', 'sonnet']) models.resolve(name);
    expect(lines).toEqual(['model "anthropic/claude-3-5-sonnet" is retired: anthropic/claude-sonnet-5-5 runs instead']);
  });
});

describe('a config whose models cannot work', () => {
  const url = (baseURL: string) => agents({}, { local: { api: 'anthropic', baseURL } });
  const cases: [string, Agents][] = [
    ['agents.defaults.model: "gpt" is no model', agents({ model: 'gpt' })],
    [
      'agents.defaults.model: "gemini/x" needs a provider "gemini"; agents.providers has: anthropic, openai, ollama, openrouter, echo',
      agents({ model: 'gemini/x' }),
    ],
    [
      'agents.defaults.model: "auto" is echo/echo with the API keys that are set: "echo/echo" is not allowed',
      agents({ models: { opus: {} } }),
    ],
    [
      'agents.defaults.heartbeat.model: "gpt" is no model',
      agents({ heartbeat: { ...agents().defaults.heartbeat, model: 'gpt' } }),
    ],
    ['agents.defaults.models["gpt"]: "gpt" is no model', agents({ models: { gpt: {}, 'echo/echo': {} } })],
    [
      'agents.defaults.models["b/b"]: the alias "x" already stands for a/a',
      agents({ models: { 'a/a': { alias: 'x' }, 'b/b': { alias: 'x' } } }),
    ],
    ['agents.providers.local.baseURL is no http(s) address', url('localhost:11434')],
    [
      'agents.providers.local.baseURL ends in /v1, which the Anthropic protocol adds by itself: leave it out',
      url('http://localhost:11434/v1/'),
    ],
    [
      'agents.providers.local.baseURL ends in an endpoint, which the protocol adds by itself',
      agents({}, { local: { api: 'openai-chat', baseURL: 'http://localhost:1234/v1/chat/completions' } }),
    ],
    ['agents.defaults.fallbacks[1]: "gpt" is no model', agents({ fallbacks: ['haiku', 'gpt'] })],
    [
      'agents.defaults.fallbacks[0]: "haiku" is not allowed',
      agents({ model: 'opus', fallbacks: ['haiku'], models: { opus: {} } }),
    ],
    ['agents.providers.local.baseURL holds a user name or password: use apiKey', url('http://me:secret@localhost')],
  ];
  it.each(cases)('is refused: %s', (message, config) => {
    expect(() => createModels(config, {})).toThrow(ConfigError);
    expect(() => createModels(config, {})).toThrow(message);
    expect(() => createModels(config, {})).not.toThrow(/secret/);
  });
});

describe('the agent for a model', () => {
  const turn = (model: string) => ({
    model,
    prompt: 'Hello',
    history: [],
    tools: [],
    signal: new AbortController().signal,
  });

  it('belongs to the provider before the first slash and gets the rest as its model', async () => {
    const { agent, model } = createModels(agents({}, { fake: { api: 'echo' } }), {}).agent('fake/a/b');
    expect(await agent(turn(model))).toMatchObject({ text: expect.stringMatching(/Hello$/), model: 'fake/a/b' });
  });

  it('of an unknown provider is a run’s error that names the known ones', () => {
    const models = createModels(agents({}, { local: { api: 'anthropic' } }), {});
    expect(() => models.agent(models.resolve('gemini/x'))).toThrow(
      expect.objectContaining({
        name: 'TurnError',
        code: 'model',
        mayPassByItself: false,
        message:
          '"gemini/x" needs a provider "gemini"; agents.providers has: anthropic, openai, ollama, openrouter, echo, local',
      }),
    );
  });

  it('says what its provider speaks, and why no turn can succeed', () => {
    const models = createModels(agents({}, { local: { api: 'anthropic', apiKey: 'x' } }), {});
    expect(models.agent('echo/echo')).toMatchObject({ api: 'echo', problem: undefined });
    expect(models.agent('local/m')).toMatchObject({ api: 'anthropic', problem: undefined });
    expect(models.agent('anthropic/m').problem).toMatch(
      /^provider "anthropic" has no API key: set ANTHROPIC_API_KEY or/,
    );
  });

  it('without an API key fails the turn and says what to set', async () => {
    const { agent, model } = createModels(agents(), {}).agent('anthropic/claude-opus-5-5');
    await expect(agent(turn(model))).rejects.toMatchObject({
      name: 'TurnError',
      mayPassByItself: false,
      message: 'provider "anthropic" has no API key: set ANTHROPIC_API_KEY or agents.providers.anthropic.apiKey',
    });
  });

  it('is the successor of a retired one, with a warning', () => {
    const models = createModels(agents(), {});
    for (const name of ['claude-3-opus', 'anthropic/claude-3-opus-20240229', 'anthropic/claude-3-opus-latest']) {
      const { name: ran, model, warning } = models.agent(models.resolve(name));
      expect({ ran, model }).toEqual({ ran: 'anthropic/claude-opus-5-5', model: 'claude-opus-5-5' });
      expect(warning).toMatch(
        /^model "anthropic\/claude-3-opus.*" is retired: anthropic\/claude-opus-5-5 runs instead$/,
      );
    }
    expect(models.agent('anthropic/claude-opus-5-5').warning).toBeUndefined();
  });

  it('of a built-in provider needs a key where its server does, and no configuration', () => {
    const keys = { ANTHROPIC_API_KEY: 'a', OPENAI_API_KEY: 'o', OPENROUTER_API_KEY: 'r' };
    const problems = (env: Record<string, string>) =>
      ['anthropic', 'openai', 'openrouter', 'ollama'].map((id) => createModels(agents(), env).agent(`${id}/m`).problem);
    expect(problems(keys)).toEqual([undefined, undefined, undefined, undefined]);
    expect(problems({})).toEqual([
      'provider "anthropic" has no API key: set ANTHROPIC_API_KEY or agents.providers.anthropic.apiKey',
      'provider "openai" has no API key: set OPENAI_API_KEY or agents.providers.openai.apiKey',
      'provider "openrouter" has no API key: set OPENROUTER_API_KEY or agents.providers.openrouter.apiKey',
      undefined,
    ]);
  });

  it('sends a key of the environment to the provider that it belongs to, and to no other', async () => {
    const seen: unknown[] = [];
    const server = await serve((request, response) => {
      seen.push([request.url, request.headers.authorization]);
      response.writeHead(400).end();
    });
    try {
      const env = {
        ANTHROPIC_API_KEY: 'sk-a',
        ANTHROPIC_BASE_URL: server.url,
        OPENAI_API_KEY: 'sk-o',
        OPENAI_BASE_URL: `${server.url}/v1`,
        OPENROUTER_API_KEY: 'sk-r',
      };
      const providers: Agents['providers'] = {
        local: { api: 'anthropic', baseURL: server.url },
        chat: { api: 'openai-chat', baseURL: `${server.url}/v1` },
        ollama: { api: 'anthropic', baseURL: server.url },
        openrouter: { api: 'anthropic', baseURL: server.url },
      };
      const models = createModels(agents({}, providers), env);
      await models.warm();
      for (const name of ['anthropic/m', 'openai/m', 'openrouter/a/b', 'ollama/m', 'chat/m', 'local/m']) {
        const { agent, model } = models.agent(name);
        await expect(agent(turn(model))).rejects.toMatchObject({ name: 'TurnError' });
      }
      expect(seen).toEqual([
        ['/v1/messages', 'Bearer sk-a'],
        ['/v1/responses', 'Bearer sk-o'],
        ['/v1/messages', 'Bearer sk-r'],
        ['/v1/messages', 'Bearer ollama'],
        ['/v1/chat/completions', 'Bearer none'],
      ]);
    } finally {
      await server.stop();
    }
  });

  it.each([
    ['ollama', { options: { num_ctx: 32768 } }],
    ['local', {}],
  ])('tells Ollama how much its models take, and nobody else: %s', async (id, expected) => {
    const seen: string[] = [];
    const server = await serve((request, response) => {
      request.on('data', (chunk) => seen.push(String(chunk)));
      request.on('end', () => response.writeHead(400).end());
    });
    try {
      const provider = { api: 'anthropic', baseURL: server.url, apiKey: 'none', contextTokens: 32768 } as const;
      const { agent, model } = createModels(agents({}, { [id]: provider }), {}).agent(`${id}/m`);
      await expect(agent(turn(model))).rejects.toMatchObject({ name: 'TurnError' });
      const { options } = JSON.parse(seen.join('')) as { options?: unknown };
      expect(options === undefined ? {} : { options }).toEqual(expected);
    } finally {
      await server.stop();
    }
  });

  it('of a built-in provider with another api has only what the config says', () => {
    const create = (baseURL: string) =>
      createModels(agents({}, { ollama: { api: 'openai-chat', baseURL } }), {}).agent('ollama/m');
    expect(create('http://localhost:11434/v1')).toMatchObject({ api: 'openai-chat', problem: undefined });
  });

  it.each(['ollama/qwen3:8b', 'openrouter/anthropic/claude-sonnet-5-5'])(
    'asks another server than the vendor’s, as for %s, for nothing that it does not know',
    async (name) => {
      const server = await startModelServer();
      const [id = ''] = name.split('/');
      server.mock.onMessage('Hello', { content: '{}' });
      try {
        const { agent, model } = createModels(
          agents({}, { [id]: { api: 'anthropic', baseURL: server.url, apiKey: 'k' } }),
          {},
        ).agent(name);
        const tool: Tool = {
          name: 'look',
          description: 'Looks.',
          inputSchema: { type: 'object' },
          run: async () => '',
        };
        await agent({ ...turn(model), thinking: 'high', format: {}, system: 'Be brief.', tools: [tool] });
        expect(server.requests.map(({ body }) => Object.keys(body).sort())).toEqual([
          ['max_tokens', 'messages', 'model', 'system', 'tools'],
        ]);
        expect(Object.keys(server.requests[0]?.headers ?? {})).not.toContain('anthropic-beta');
      } finally {
        await server.stop();
      }
    },
  );
});
