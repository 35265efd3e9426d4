import { createRequire } from 'node:module';
import type { Node } from 'yaml';
import { fromPointer } from '../../config/problem.ts';
import { messageOf } from '../../domain/errors.ts';

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

export function readYaml(text: string): YamlText {
  // Loaded here, since most gateways read none.
  const { LineCounter, isMap, isScalar, isSeq, parseDocument } = createRequire(import.meta.url)(
    'yaml',
  ) as typeof import('yaml');
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { lineCounter, prettyErrors: false });
  const lineAt = (offset: number) => lineCounter.linePos(offset).line;
  const [first] = document.errors;
  let error = first && { line: lineAt(first.pos[0]), message: first.message };
  let value: unknown;
  try {
    value = document.toJS();
  } catch (thrown) {
    // Aliases that lead nowhere, or to far too much.
    error ??= { line: 0, message: messageOf(thrown) };
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
