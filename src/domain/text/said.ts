import { oneLine } from '../run.ts';

/** What separates the two parts of a record; no text of anybody gets in with it. */
const mark = '\n\u001e';

/**
 * What went wrong, as records keep it: first in our own words; then what somebody else said of it (a provider, a server of
 * tools, a messenger), which may repeat whatever it was given and so is for the owner alone.
 */
export function withSaid(ours: string, said: string | undefined): string {
  const line = ours.replaceAll(mark, ' ');
  const words = said === undefined ? '' : brief(oneLine(said, Number.POSITIVE_INFINITY));
  return words === '' ? line : line + mark + words;
}

/** Characters. The last words of a program say as much as the first words of an error. */
const shown = { first: 200, last: 300 };

function brief(text: string): string {
  const characters = [...text];
  if (characters.length <= shown.first + shown.last) return text;
  return `${characters.slice(0, shown.first).join('')} … ${characters.slice(-shown.last).join('')}`;
}

/** For whoever has the hook token, for logs, and for what models read. */
export function oursOf(recorded: string): string {
  const [ours = ''] = recorded.split(mark, 1);
  return ours;
}

/** What somebody else said; undefined where they said nothing. */
export function saidIn(recorded: string): string | undefined {
  const ours = oursOf(recorded);
  return ours.length < recorded.length ? recorded.slice(ours.length + mark.length) : undefined;
}

/** For the owner: both, on one line. */
export function wholeOf(recorded: string): string {
  return recorded.replace(mark, ': ');
}
