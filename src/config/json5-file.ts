import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { isAbsolute, relative, resolve } from 'node:path';
import type { ValueNode } from '@humanwhocodes/momoa';
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
  const body = syntaxTree(text);
  return body ? repeatedIn(body, []) : [];
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

function repeatedIn(value: ValueNode, path: readonly (string | number)[]): Problem[] {
  if (value.type === 'Array') return value.elements.flatMap((element, at) => repeatedIn(element.value, [...path, at]));
  if (value.type !== 'Object') return [];
  const first = new Map<string, number>();
  return value.members.flatMap(({ name, value: member, loc }) => {
    const key = name.type === 'Identifier' ? name.name : name.value;
    const line = first.get(key);
    if (line === undefined) first.set(key, loc.start.line);
    const here = [...path, key];
    const twice = { path: toPointer(here), message: `written twice (first in line ${line})` };
    return [...(line === undefined ? [] : [twice]), ...repeatedIn(member, here)];
  });
}
