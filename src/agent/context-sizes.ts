import { longestPrompt } from './prompt/prompt.ts';

/** What the vendor says as of 24 November 2026, by the beginning of a model's id; the first that fits counts. */
const known: readonly (readonly [model: string, tokens: number])[] = [
  ['anthropic/claude-haiku-5-5', 1_000_000],
  // Of the others more is not certain.
  ['anthropic/claude-', 200_000],
  ['openrouter/anthropic/claude-', 200_000],
];

/** How many tokens a model (provider/model) takes at once: by the setting of its provider, else as far as we know it. */
export function contextTokensOf(model: string, settings: { readonly contextTokens?: number } = {}): number | undefined {
  return settings.contextTokens ?? known.find(([begin]) => model.startsWith(begin))?.[1];
}

/** Fewer characters make a token only in few languages, so more tokens than that a text hardly has. */
const charsPerToken = 3;
/** Of the context, what a prompt may take. */
const partOfPrompt = 0.6;
/** What a reply may take, as far as the context is large enough: the limit that Anthropic's models get. */
const replyTokens = 16_000;
/** What surely fits into any model. */
const safeTokens = 8000;

/** How long the prompt for a model may be, in characters. */
export function promptLimit(contextTokens: number | undefined): number {
  if (contextTokens === undefined) return longestPrompt;
  return Math.min(longestPrompt, Math.floor(contextTokens * charsPerToken * partOfPrompt));
}

/** How many characters the context has left for earlier turns, beside `used` of them and a reply. */
export function historyRoom(contextTokens: number | undefined, used: number): number {
  if (contextTokens === undefined) return Infinity;
  const reply = Math.min(replyTokens, contextTokens / 4);
  return Math.max(0, Math.floor((contextTokens - reply) * charsPerToken) - used);
}

/** For people, where a model whose size is not known gets more than surely fits. */
export function unknownSizeWarning(name: string, chars: number): string | undefined {
  if (chars <= safeTokens * charsPerToken) return undefined;
  return `${unknownSize(name)}, and it got ${chars.toLocaleString('en-US')} characters: it may not have read all of them. ${howToSay(name)}`;
}

/** For people: the models in use whose size is not known. */
export function contextWarnings(inUse: readonly string[], isSizeKnown: (model: string) => boolean): string[] {
  const unknown = [...new Set(inUse)].filter((model) => !isSizeKnown(model));
  return unknown.map((model) => `${unknownSize(model)}: a prompt may be cut or refused. ${howToSay(model)}`);
}

const unknownSize = (model: string) => `how much ${model} can read at once is not known`;
const howToSay = (model: string) => `Set agents.providers.${model.split('/')[0]}.contextTokens`;
