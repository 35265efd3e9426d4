import { createRequire } from 'node:module';
import type { Node } from 'yaml';
import { messageOf } from '../../domain/errors.ts';
import { fromPointer } from '../../schema/problem.ts';

/** Something wrong with a text, by the line it is on; the first is 1, and 0 the whole. */
export interface Flaw {
  readonly line: number;
  readonly message: string;
}

export interface YamlText {
  /** what it says; as far as can be made out, where there are errors */
  readonly value: unknown;
  /** the first; what follows from it says little */
  readonly error: Flaw | undefined;
  /** The line of the key or element that a JSON pointer names, or of the nearest container that exists; 0 where that is the whole. */
  lineOf(pointer: string): number;
}

/** @param linesBefore how many lines of its file stand before the text: for messages that name a second line */
export function readYaml(text: string, linesBefore = 0): YamlText {
  // Loaded here, since most gateways read none.
  const { LineCounter, isMap, isScalar, isSeq, parseDocument, visit } = createRequire(import.meta.url)(
    'yaml',
  ) as typeof import('yaml');
  const lineCounter = new LineCounter();
  // Of keys that are there twice, `repeated` says more.
  const document = parseDocument(text, { lineCounter, prettyErrors: false, uniqueKeys: false });
  const lineAt = (offset: number) => lineCounter.linePos(offset).line;
  const [first] = document.errors;
  let error = first ? { line: lineAt(first.pos[0]), message: first.message } : repeated();
  let value: unknown;
  try {
    value = document.toJS();
  } catch (thrown) {
    // Aliases that lead nowhere, or to far too much.
    error ??= { line: 0, message: messageOf(thrown) };
  }

  /** The first key that is written twice in one map. */
  function repeated(): Flaw | undefined {
    let flaw: Flaw | undefined;
    visit(document, {
      Map(_, { items }) {
        const lines = new Map<string, number>();
        for (const { key } of items) {
          if (!isScalar(key)) continue;
          const [name, line] = [String(key.value), lineAt(key.range?.[0] ?? 0)];
          const before = lines.get(name);
          if (before === undefined) lines.set(name, line);
          else flaw ??= { line, message: `${name}: written twice (first in line ${before + linesBefore})` };
        }
        return flaw && visit.BREAK;
      },
    });
    return flaw;
  }

  /** A key with its value, or an element twice. */
  function child(container: unknown, segment: string): readonly unknown[] {
    if (isSeq(container)) return [container.items[Number(segment)], container.items[Number(segment)]];
    if (!isMap(container)) return [];
    const pair = container.items.find(({ key }) => isScalar(key) && String(key.value) === segment);
    return pair ? [pair.key, pair.value] : [];
  }

  return {
    value,
    error,
    lineOf(pointer) {
      let container: unknown = document.contents;
      let line = 0;
      for (const segment of fromPointer(pointer)) {
        const [place, inside] = child(container, segment);
        const start = (place as Node | null | undefined)?.range?.[0];
        if (start === undefined) break;
        line = lineAt(start);
        container = inside;
      }
      return line;
    },
  };
}
