import { type Escaped, type Line, safeJson } from './fence.ts';

/** What a text was made of its limit. */
export interface Limited<Value> {
  readonly value: Value;
  /** true where something was left out */
  readonly isCut: boolean;
}

/** More lines nobody reads. A heartbeat has as many. */
const maxLines = 2000;
/** What is taken up round a value: `: `, and a line break. */
const roundValue = 3;
/** A value is worth its line only with so much of it. */
const leastOfValue = 100;
/** One character in its longest form, `\u0000`. */
const longestEscape = 6;

const count = (number: number) => number.toLocaleString('en-US');

/** Lines that take up `limit` characters in the fence. The longest are cut, and small ones stay whole. */
export function limitLines(lines: readonly Line[], limit: number): Limited<readonly Line[]> {
  const rough = lines.reduce((sum, { label, text }) => sum + label.length + text.length * longestEscape + 5, 0);
  if (rough <= limit && lines.length <= maxLines) return { value: lines, isCut: false };
  const sized = lines.slice(0, maxLines).map((line) => ({ line, size: safeJson(line.text).length }));
  let least = 0;
  const end = sized.findIndex(({ line, size }) => {
    least += line.label.length + roundValue + Math.min(size, leastOfValue);
    return least > limit - leastOfValue;
  });
  const shown = end === -1 ? sized : sized.slice(0, end);
  const labels = shown.reduce((sum, { line }) => sum + line.label.length + roundValue, 0);
  const missing = lines.length - shown.length;
  const forMissing = missing === 0 ? 0 : leastOfValue;
  const level = fairLevel(
    shown.map(({ size }) => size),
    limit - labels - forMissing,
  );
  const value = shown.map(({ line: { label, text }, size }) => {
    return { label, text: size <= level ? text : shortenValue(text, level, escapedPrefix) };
  });
  if (missing > 0) value.push({ label: 'left out' as Escaped, text: `${count(missing)} more values` });
  return { value, isCut: missing > 0 || level !== Infinity };
}

/** Values that stand in a text as they are, with `limit` characters in all. */
export function limitValues(values: readonly string[], limit: number): Limited<readonly string[]> {
  const level = fairLevel(
    values.map(({ length }) => length),
    limit,
  );
  if (level === Infinity) return { value: values, isCut: false };
  const shorten = (value: string) => (value.length <= level ? value : shortenValue(value, level, plainPrefix));
  return { value: values.map(shorten), isCut: true };
}

/** How long a value may be so that all together fit into `limit`, where the small ones take less; Infinity where all fit. */
function fairLevel(sizes: readonly number[], limit: number): number {
  let left = limit;
  for (const [at, size] of sizes.toSorted((a, b) => a - b).entries()) {
    const share = Math.floor(left / (sizes.length - at));
    if (size > share) return Math.max(0, share);
    left -= size;
  }
  return Infinity;
}

type PrefixOf = (text: string, limit: number) => string;

/** The beginning of a value, a list in whole elements, with a word on what is missing. */
function shortenValue(text: string, limit: number, prefixOf: PrefixOf): string {
  const mark = (left: string) => ` … [${left} left out]`;
  const ofText = (rest: number) => mark(`${count(rest)} characters`);
  const room = Math.max(0, limit - ofText(text.length).length - 20);
  const prefix = prefixOf(text, room);
  const ends = elementEnds(text);
  const whole = ends.findLastIndex((end) => end <= prefix.length);
  const end = ends[whole];
  if (end === undefined) return prefix + ofText(text.length - prefix.length);
  return text.slice(0, end) + mark(`${count(ends.length - whole - 1)} more of ${count(ends.length)} elements`);
}

/** So much of a text as takes up `limit` characters inside the fence. */
function escapedPrefix(text: string, limit: number): string {
  const json = safeJson(plainPrefix(text, limit));
  if (json.length <= limit) return JSON.parse(json);
  for (let end = limit - 1; end > 1; end -= 1) {
    try {
      return plainPrefix(JSON.parse(`${json.slice(0, end)}"`), limit);
    } catch {
      // It ended within an escape, which has six characters at most.
    }
  }
  return '';
}

function plainPrefix(text: string, limit: number): string {
  const prefix = text.slice(0, limit);
  return /[\ud800-\udbff]$/.test(prefix) ? prefix.slice(0, -1) : prefix;
}

/** Where each element of a JSON list ends, by the text alone, in one pass; none for any other text. */
function elementEnds(json: string): number[] {
  if (!json.startsWith('[') || !json.endsWith(']')) return [];
  const ends: number[] = [];
  let depth = 0;
  let inString = false;
  for (let at = 0; at < json.length; at += 1) {
    const sign = json[at];
    if (inString) {
      if (sign === '\\') at += 1;
      else if (sign === '"') inString = false;
    } else if (sign === '"') inString = true;
    else if (sign === '[' || sign === '{') depth += 1;
    else if (sign === ']' || sign === '}') depth -= 1;
    if (inString) continue;
    if (depth === 0 && at < json.length - 1) return [];
    if ((sign === ',' && depth === 1) || depth === 0) ends.push(at);
  }
  return depth === 0 && ends.length > 1 ? ends : [];
}
