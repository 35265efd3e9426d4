import type { Agent } from './agent.ts';

/** Calls no model: answers with the prompt it was given. Shows what a model would read, and serves set-ups without a key. */
export function createEchoAgent(provider: string): Agent {
  return async ({ model, prompt, signal }) => {
    signal.throwIfAborted();
    return { text: prompt, reply: [], usage: { inputTokens: 0, outputTokens: 0 }, model: `${provider}/${model}` };
  };
}
