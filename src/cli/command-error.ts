/** What a command could not do, in words for its user. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
}
