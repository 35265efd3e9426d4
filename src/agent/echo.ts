import type { Agent } from './agent.ts';
import type { ProviderApi } from './provider-api.ts';

const notice = 'This is an echo: no model was called. One would have been asked:';

/** Calls no model: answers with the prompt it was given, under a line that says so, which is also what summaries show. */
export function createEchoAgent(provider: string): Agent {
  return async ({ model, prompt, onText, signal }) => {
    signal.throwIfAborted();
    const text = `${notice}\n\n${prompt}`;
    onText?.(text);
    return {
      text,
      reply: [],
      usage: { inputTokens: 0, outputTokens: 0 },
      model: `${provider}/${model}`,
    };
  };
}

export const echo = {
  name: 'echo',
  options: {},
  needs: [],
  load: async () => {},
  create: (provider) => ({ agent: createEchoAgent(provider), problem: undefined }),
} as const satisfies ProviderApi;
