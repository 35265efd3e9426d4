/** Names that need no configuration. */
export const shortNames: ReadonlyMap<string, string> = new Map([
  ['haiku', 'anthropic/claude-haiku-5-5'],
  ['sonnet', 'anthropic/claude-sonnet-5-5'],
  ['opus', 'anthropic/claude-opus-5-5'],
  ['fable', 'anthropic/claude-fable-5-2'],
  ['mythos', 'anthropic/claude-mythos-5-2'],
  ['anthropic/claude-haiku', 'anthropic/claude-haiku-5-5'],
]);

/** Names of older documents. The vendor has retired these models and answers 404, so a successor stands in. */
export const retiredNames: ReadonlyMap<string, string> = new Map([
  ['claude-3-haiku', 'anthropic/claude-haiku-5-5'],
  ['claude-3-5-haiku', 'anthropic/claude-haiku-5-5'],
  ['claude-3-5-sonnet', 'anthropic/claude-sonnet-5-5'],
  ['anthropic/claude-3-5-sonnet', 'anthropic/claude-sonnet-5-5'],
  ['claude-3-7-sonnet', 'anthropic/claude-sonnet-5-5'],
  ['claude-3-opus', 'anthropic/claude-opus-5-5'],
]);
