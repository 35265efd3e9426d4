export interface BuiltInProvider<Api extends string = string> {
  /** as if `agents.providers` said it */
  readonly settings: { readonly api: Api; readonly baseURL?: string; readonly apiKey?: string };
  /** where its key stands in the environment */
  readonly keyVariable?: string;
  /** where its address may stand there */
  readonly addressVariable?: string;
}

/** Providers that need no configuration, but perhaps a key. Other servers than the vendor's get what they say they know. */
export const builtInProviders = {
  anthropic: {
    settings: { api: 'anthropic' },
    keyVariable: 'ANTHROPIC_API_KEY',
    addressVariable: 'ANTHROPIC_BASE_URL',
  },
  openai: { settings: { api: 'openai' }, keyVariable: 'OPENAI_API_KEY', addressVariable: 'OPENAI_BASE_URL' },
  ollama: { settings: { api: 'anthropic', baseURL: 'http://localhost:11434', apiKey: 'ollama' } },
  openrouter: {
    settings: { api: 'anthropic', baseURL: 'https://openrouter.ai/api' },
    keyVariable: 'OPENROUTER_API_KEY',
  },
  echo: { settings: { api: 'echo' } },
} as const satisfies Readonly<Record<string, BuiltInProvider>>;

/** Where the keys of built-in providers stand in the environment. */
export const keyVariables: ReadonlyMap<string, string> = new Map(
  Object.entries<BuiltInProvider>(builtInProviders).flatMap(([id, { keyVariable }]) =>
    keyVariable === undefined ? [] : [[id, keyVariable]],
  ),
);
