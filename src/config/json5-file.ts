import { readFileSync } from 'node:fs';
import { isAbsolute, relative, resolve } from 'node:path';
import JSON5 from 'json5';
import { ConfigError, messageOf } from '../domain/errors.ts';

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
