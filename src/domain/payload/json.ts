import { ExactNumber, isChanged } from './exact-number.ts';

/** No service nests deeper, and what walks through a value may do so by recursion. */
const maxDepth = 100;

export interface ReadJson {
  readonly value: unknown;
  /** set where the text has names that stand twice in one object: of those the value has the last */
  readonly repeated: boolean;
}

/**
 * JSON as it was written: numbers that JavaScript would change keep their digits. Throws a SyntaxError for what is no JSON, a
 * RangeError for what is nested deeper than 100 levels.
 */
export function readJson(text: string): ReadJson {
  const { depth, members, exact } = scan(text);
  if (depth > maxDepth) throw new RangeError(`the body is nested deeper than ${maxDepth} levels`);
  const value = exact ? parse(text, keepDigits) : JSON.parse(text);
  return { value, repeated: members > countMembers(value) };
}

// TypeScript does not know the third parameter yet (ECMA-262, 25.5.2).
const { parse } = JSON as unknown as { parse(text: string, revive: typeof keepDigits): unknown };

function keepDigits(_: string, value: unknown, { source }: { source?: string }): unknown {
  return typeof value === 'number' && source !== undefined && isChanged(source) ? new ExactNumber(source) : value;
}

interface Scan {
  /** how many brackets are open at once, at most; the scan ends where they are too many */
  readonly depth: number;
  /** how many names of members there are */
  readonly members: number;
  /** whether there is a number that JavaScript would change */
  readonly exact: boolean;
}

/** One pass over what may be no JSON at all. */
function scan(text: string): Scan {
  let open = 0;
  let depth = 0;
  let members = 0;
  let exact = false;
  for (let at = 0; at < text.length && depth <= maxDepth; at += 1) {
    const code = text.charCodeAt(at);
    if (code === quote) at = endOfString(text, at);
    else if (code === colon) members += 1;
    else if (code === openBracket || code === openBrace) {
      open += 1;
      if (open > depth) depth = open;
    } else if (code === closeBracket || code === closeBrace) open -= 1;
    else if (code === minus || (code >= zero && code <= nine)) {
      const end = endOfNumber(text, at);
      exact ||= isChanged(text.slice(at, end));
      at = end - 1;
    }
  }
  return { depth, members, exact };
}

/** Where the string that begins at `start` has its closing quote; the end of the text where it has none. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let backslashes = 0;
    while (text.charCodeAt(end - 1 - backslashes) === backslash) backslashes += 1;
    if (backslashes % 2 === 0) return end;
  }
  return text.length;
}

function endOfNumber(text: string, start: number): number {
  let end = start + 1;
  while (end < text.length && isInNumber(text.charCodeAt(end))) end += 1;
  return end;
}

/** Digits, and what may stand between them. */
function isInNumber(code: number): boolean {
  return (code >= zero && code <= nine) || code === minus || code === 0x2b || code === 0x2e || (code | 0x20) === 0x65;
}

/** How many members the objects of a value have in all. */
function countMembers(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  let count = 0;
  if (Array.isArray(value)) {
    for (const element of value) count += countMembers(element);
    return count;
  }
  for (const name in value) count += 1 + countMembers((value as Record<string, unknown>)[name]);
  return count;
}

const quote = 0x22;
const backslash = 0x5c;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const colon = 0x3a;
const minus = 0x2d;
const zero = 0x30;
const nine = 0x39;
