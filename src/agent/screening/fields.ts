import { invisible } from '../../domain/text/invisible.ts';

/** A value from outside by its name, as for the fence. */
export interface Value {
  readonly label: string;
  readonly text: string;
}

/** A value, or a piece of one, as the screening model sees it. */
export interface Field {
  readonly id: string;
  readonly name: string;
  /** which piece of a long value it is */
  readonly part?: string;
  /** how many invisible characters the value has, where it has any */
  readonly hidden?: number;
  readonly value: string;
}

/** A long value is judged piece by piece; pieces overlap, so that nothing is hidden by being cut. In characters. */
const pieceLength = 8000;
const overlap = 400;

/** The most that one call holds. The number of fields is limited since the model answers for each. */
const callLength = 60_000;
const callFields = 100;

/** All that there is to judge of some values, call by call; none where they hold but numbers, booleans and blanks. */
export function screeningCalls(values: readonly Value[]): Field[][] {
  const pieces = values.flatMap(piecesOf);
  const calls: Field[][] = [];
  let length = 0;
  for (const [at, piece] of pieces.entries()) {
    const size = piece.name.length + piece.value.length;
    const call = calls.at(-1);
    if (call && call.length < callFields && length + size <= callLength) {
      call.push({ id: `f${at + 1}`, ...piece });
      length += size;
    } else {
      calls.push([{ id: `f${at + 1}`, ...piece }]);
      length = size;
    }
  }
  return calls;
}

function piecesOf({ label, text }: Value): Omit<Field, 'id'>[] {
  const { shown, hidden } = legible(text);
  if (hidden === 0 && saysNothing(shown)) return [];
  const pieces = cut(shown);
  return pieces.map((value, at) => ({
    name: label,
    ...(pieces.length > 1 && { part: `${at + 1} of ${pieces.length}` }),
    ...(hidden > 0 && { hidden }),
    value,
  }));
}

const unseen = new RegExp(`(?![\\t\\n\\r])[${invisible}]`, 'gu');
const lineBreak = /[\v\f\u0085\u2028\u2029]/;
const tagLetter = /[\u{e0020}-\u{e007e}]/u;

/** A text as people would read it: one form for the variants of a character, what nobody sees taken out or made visible. */
function legible(text: string): { shown: string; hidden: number } {
  let hidden = 0;
  const seen = text.replace(unseen, (character) => {
    if (lineBreak.test(character)) return '\n';
    hidden += 1;
    return tagLetter.test(character) ? String.fromCodePoint((character.codePointAt(0) ?? 0) - 0xe0000) : '';
  });
  return { shown: seen.normalize('NFKC'), hidden };
}

function saysNothing(text: string): boolean {
  return /^(|true|false|null|-?\d+(\.\d+)?(e[-+]?\d+)?)$/i.test(text.trim());
}

function cut(text: string): string[] {
  const pieces: string[] = [];
  for (let start = 0; ; start += pieceLength - overlap) {
    pieces.push(text.slice(start, start + pieceLength));
    if (start + pieceLength >= text.length) return pieces;
  }
}
