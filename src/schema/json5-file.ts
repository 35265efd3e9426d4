import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { isAbsolute, relative, resolve } from 'node:path';
import type { MemberNode, StringNode, ValueNode } from '@humanwhocodes/momoa';
import JSON5 from 'json5';
import { ConfigError, messageOf } from '../domain/errors.ts';
import { type Problem, toPointer } from './problem.ts';

/** A file as messages name it: as it was given, or relative to the working directory where it lies below that. */
export function fileName(file: string): string {
  const below = relative('', resolve(file));
  return below === '' || below.startsWith('..') || isAbsolute(below) || below.length >= file.length ? file : below;
}

/** The text of a file without its byte-order mark. Throws as `readFileSync` does. */
export function readText(file: string): string {
  return readFileSync(file, 'utf8').replace(/^\uFEFF/, '');
}

/** The value of a JSON5 text; `name` is the file's, for the message. Throws ConfigError with the line. */
export function parseJson5(text: string, name: string): unknown {
  try {
    return JSON5.parse(text);
  } catch (error) {
    throw new ConfigError([syntaxProblem(name, error)]);
  }
}

function syntaxProblem(name: string, error: unknown): string {
  const { lineNumber = 1, columnNumber = 1 } = error as { lineNumber?: number; columnNumber?: number };
  // A string that does not end is noticed at the line break, which the parser counts to the next line.
  if (columnNumber === 0)
    return `${name}:${lineNumber - 1}: this string does not end on its line; expected a closing quote`;
  const reason = messageOf(error).replace(/^JSON5: (.*) at \d+:\d+$/, '$1');
  return `${name}:${lineNumber}: ${reason} at column ${columnNumber}; is a comma, quote or bracket missing before it?`;
}

/** Keys that are written twice in one object: of these the last counts, and nobody would notice that the first does not. */
export function repeatedKeys(text: string): Problem[] {
  return walk(syntaxTree(text), [], (value, path) => {
    if (value.type !== 'Object') return [];
    const first = new Map<string, number>();
    return value.members.flatMap(({ name, loc }): Problem[] => {
      const key = nameOf(name);
      const line = first.get(key);
      if (line === undefined) first.set(key, loc.start.line);
      return line === undefined
        ? []
        : [{ path: toPointer([...path, key]), message: `written twice (first in line ${line})` }];
    });
  });
}

/** What follows a backslash in JSON5's escapes; before anything else the backslash is lost. */
const escapes = new Set([...'\\\'"/bfnrtv0xu\n\r\u2028\u2029']);

/** Strings that lose a backslash which their writer meant to keep: in a pattern, `\b` too, which JSON5 takes for a backspace. */
export function lostBackslashes(text: string): Problem[] {
  return walk(syntaxTree(text), [], (value, path) => {
    const strings: [StringNode, readonly (string | number)[]][] = [];
    if (value.type === 'String') strings.push([value, path]);
    if (value.type === 'Object') {
      for (const { name } of value.members) if (name.type === 'String') strings.push([name, [...path, name.value]]);
    }
    return strings.flatMap(([{ loc }, at]): Problem[] => {
      const raw = text.slice(loc.start.offset + 1, loc.end.offset - 1);
      const isPattern = at.at(-1) === 'regex' || at.at(-1) === 'pattern' || at.at(-2) === 'patternProperties';
      const lost = [...raw.matchAll(/\\(.)/gsu)].find(
        ([, after = '']) => !escapes.has(after) || (isPattern && after === 'b'),
      );
      if (!lost) return [];
      const [written, after] = lost;
      const becomes = after === 'b' ? 'a backspace' : `"${after}"`;
      const message = `${written} in a string is ${becomes}, without its backslash; expected \\${written}`;
      return [{ path: toPointer(at), message }];
    });
  });
}

/** The text of a JSON5 file with its places; undefined for the little that JSON5 allows and this parser does not (`-.5`). */
export function syntaxTree(text: string): ValueNode | undefined {
  const { parse } = createRequire(import.meta.url)('@humanwhocodes/momoa') as typeof import('@humanwhocodes/momoa');
  try {
    return parse(text, { mode: 'json5' }).body;
  } catch {
    return undefined;
  }
}

type Path = readonly (string | number)[];

/** What `look` finds at a value and at all below it. */
function walk(
  value: ValueNode | undefined,
  path: Path,
  look: (value: ValueNode, path: Path) => readonly Problem[],
): Problem[] {
  if (!value) return [];
  const own = look(value, path);
  if (value.type === 'Array') {
    return [...own, ...value.elements.flatMap((element, at) => walk(element.value, [...path, at], look))];
  }
  if (value.type !== 'Object') return [...own];
  return [...own, ...value.members.flatMap((member) => walk(member.value, [...path, nameOf(member.name)], look))];
}

/** The key of a member. */
export function nameOf(name: MemberNode['name']): string {
  return name.type === 'Identifier' ? name.name : name.value;
}
