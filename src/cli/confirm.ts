import { CommandError } from './command-error.ts';
import type { Io } from './io.ts';

/**
 * Asks before something is done that cannot be undone; anything but yes is no. Throws CommandError where nobody can be asked.
 * @param what what would be done to, as `3 runs`
 * @param question what is asked after it
 * @param verb what `--yes` would do, as `retry them`
 */
export async function confirm({ ask }: Io, what: string, question: string, verb: string): Promise<boolean> {
  if (!ask) throw new CommandError(`${what}. Nothing was done: add --yes to ${verb}`);
  return /^y(es)?$/i.test((await ask(`${what}. ${question} [y/N] `)).trim());
}
