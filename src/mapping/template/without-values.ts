/** So many characters in a row that stand in a value, too, are a repetition of it. */
const least = 6;

/** A text in which `…` stands for what repeats the values: an error's words often do, and the log shows no payload. */
export function withoutValues(text: string, values: Iterable<unknown>): string {
  const pieces = new Map<string, number[]>();
  // Most places of a large payload are passed by after a look at two characters.
  const begins = new Uint8Array(65_536);
  for (let at = 0; at + least <= text.length; at += 1) {
    const piece = text.slice(at, at + least);
    pieces.set(piece, [...(pieces.get(piece) ?? []), at]);
    begins[beginningOf(text, at)] = 1;
  }
  const repeats = new Uint8Array(text.length);
  for (const value of leaves(values)) {
    for (let at = 0; at + least <= value.length && pieces.size > 0; at += 1) {
      if (begins[beginningOf(value, at)] === 0) continue;
      const piece = value.slice(at, at + least);
      for (const start of pieces.get(piece) ?? []) repeats.fill(1, start, start + least);
      // Found once, it has all its places: the value may be nothing but repetitions.
      pieces.delete(piece);
    }
  }
  let kept = '';
  for (let at = 0; at < text.length; at += 1) {
    if (repeats[at] === 0) kept += text.charAt(at);
    else if (repeats[at - 1] !== 1) kept += '…';
  }
  return kept;
}

function beginningOf(text: string, at: number): number {
  return ((text.charCodeAt(at) << 8) ^ (text.charCodeAt(at + 1) << 4) ^ text.charCodeAt(at + least - 1)) & 65_535;
}

/** The texts and numbers in JSON data, not its names. */
function* leaves(values: Iterable<unknown>): Generator<string> {
  const open = [...values];
  for (const value of open) {
    if (typeof value === 'string') yield value;
    else if (typeof value === 'number') yield String(value);
    else if (typeof value === 'object' && value !== null) for (const child of Object.values(value)) open.push(child);
  }
}
