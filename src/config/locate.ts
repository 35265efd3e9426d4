import { createRequire } from 'node:module';
import type { ValueNode } from '@humanwhocodes/momoa';
import { describeProblem, fromPointer, type Problem } from './problem.ts';

interface Position {
  /** both count from 1 */
  readonly line: number;
  readonly column: number;
}

/**
 * Finds the places of JSON pointers in a JSON5 text: of the key, of the element, or of the nearest container that exists.
 * The parser is loaded here and not before, since only a text with an error in it needs it.
 */
function locator(text: string): (pointer: string) => Position | undefined {
  const body = bodyOf(text);
  return (pointer) => {
    let value = body;
    let position: Position | undefined = body?.loc.start;
    for (const segment of fromPointer(pointer)) {
      const child = value && childNode(value, segment);
      if (!child) break;
      value = child.value;
      position = child.loc.start;
    }
    return position && { line: position.line, column: position.column };
  };
}

function bodyOf(text: string): ValueNode | undefined {
  const { parse } = createRequire(import.meta.url)('@humanwhocodes/momoa') as typeof import('@humanwhocodes/momoa');
  try {
    return parse(text, { mode: 'json5' }).body;
  } catch {
    // It refuses a little of what JSON5 allows (`-.5`, a key named `null`). A message is worth more than its line.
    return undefined;
  }
}

function childNode(value: ValueNode, segment: string) {
  if (value.type === 'Array') return value.elements[Number(segment)];
  if (value.type !== 'Object') return undefined;
  // Of a key that is written twice, the last one counts.
  return value.members.findLast(({ name }) => (name.type === 'Identifier' ? name.name : name.value) === segment);
}

/** `gimli.json5:12: hooks.path: expected …` for each problem, in the order of the text. */
export function locateProblems(name: string, text: string, problems: readonly Problem[]): string[] {
  const locate = locator(text);
  return problems
    .map((problem) => ({ problem, at: locate(problem.path) ?? { line: 0, column: 0 } }))
    .toSorted((a, b) => a.at.line - b.at.line || a.at.column - b.at.column)
    .map(({ problem, at }) => {
      const see = problem.see === undefined ? undefined : locate(problem.see);
      return `${at.line === 0 ? name : `${name}:${at.line}`}: ${describeProblem(problem)}${see ? ` (line ${see.line})` : ''}`;
    });
}
