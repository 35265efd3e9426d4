import { oursOf, wholeOf } from '../../domain/text/said.ts';

/** Who reads: whoever has the hook token, or the owner. */
export type Reader = 'hooks' | 'owner';

/** What went wrong, as far as it is for the reader: what others said of it is for the owner. */
export function errorFor(recorded: string | null, runId: string, reader: Reader): string | null {
  if (recorded === null || reader === 'owner') return recorded && wholeOf(recorded);
  const ours = oursOf(recorded);
  return ours === recorded ? ours : `${ours}; its owner finds in \`gimli runs show ${runId}\` what was said`;
}
