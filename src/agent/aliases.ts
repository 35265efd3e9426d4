/** Names that need no configuration. */
export const shortNames: ReadonlyMap<string, string> = new Map([
  ['haiku', 'anthropic/claude-haiku-5-5'],
  ['sonnet', 'anthropic/claude-sonnet-5-5'],
  ['opus', 'anthropic/claude-opus-5-5'],
  ['fable', 'anthropic/claude-fable-5-2'],
  ['mythos', 'anthropic/claude-mythos-5-2'],
  ['anthropic/claude-haiku', 'anthropic/claude-haiku-5-5'],
]);

/** Models that the vendor has retired and answers with 404, though older documents name them, and what runs in their place. */
const successors: ReadonlyMap<string, string> = new Map([
  ['anthropic/claude-3-haiku', 'anthropic/claude-haiku-5-5'],
  ['anthropic/claude-3-5-haiku', 'anthropic/claude-haiku-5-5'],
  ['anthropic/claude-3-5-sonnet', 'anthropic/claude-sonnet-5-5'],
  ['anthropic/claude-3-7-sonnet', 'anthropic/claude-sonnet-5-5'],
  ['anthropic/claude-3-opus', 'anthropic/claude-opus-5-5'],
]);

/** The model that runs in place of a retired one (provider/model, dated or not); undefined for any other. */
export function successorOf(model: string): string | undefined {
  return successors.get(model.replace(/-(\d{8}|latest)$/, ''));
}

/** What `auto` stands for, by the provider whose key is there; the first counts. */
export const autoModels: ReadonlyMap<string, string> = new Map([
  ['anthropic', 'anthropic/claude-sonnet-5-5'],
  ['openai', 'openai/gpt-6.1-sol'],
]);
