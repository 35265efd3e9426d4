import type { ValueNode } from '@humanwhocodes/momoa';
import { nameOf, syntaxTree } from './json5-file.ts';
import { describeProblem, fromPointer, type Problem } from './problem.ts';

interface Position {
  /** both count from 1 */
  readonly line: number;
  readonly column: number;
}

/**
 * Finds the places of JSON pointers in a JSON5 text: of the key, of the element, or of the nearest container that exists.
 */
function locator(text: string): (pointer: string) => Position | undefined {
  // Where the parser refuses the text, a message is worth more than its line.
  const body = syntaxTree(text);
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

function childNode(value: ValueNode, segment: string) {
  if (value.type === 'Array') return value.elements[Number(segment)];
  if (value.type !== 'Object') return undefined;
  // Of a key that is written twice, the last one counts.
  return value.members.findLast(({ name }) => nameOf(name) === segment);
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
