import { display, type Part, type Text } from '../domain/text.ts';
import type { Prompt, TransformContext } from './define-transform.ts';

export interface PromptTag {
  /** `ctx.prompt` of one call */
  readonly tag: TransformContext['prompt'];
  /** What a prompt says; undefined for everything that this tag did not make. */
  textOf(value: unknown): Text | undefined;
}

/**
 * Prompts are known by identity: they are empty to look at, so no data can imitate one, and a prompt kept from another
 * call is not known here.
 */
export function createPromptTag(): PromptTag {
  const texts = new WeakMap<object, Text>();
  const textOf = (value: unknown) => (typeof value === 'object' && value !== null ? texts.get(value) : undefined);

  function tag(words: TemplateStringsArray, ...values: readonly unknown[]): Prompt {
    // Called with brackets, its argument would be outside text that passes for the owner's words.
    if (!Array.isArray(words) || !Object.isFrozen(words) || !Object.hasOwn(words, 'raw')) {
      throw new TypeError('ctx.prompt is a template tag: write ctx.prompt`…` without brackets');
    }
    const parts = words.flatMap((word, at) => [
      ...(word === '' ? [] : [word]),
      ...(at < values.length ? partsOf(values[at], textOf) : []),
    ]);
    const prompt = Object.freeze({
      toString() {
        throw new TypeError('a prompt cannot be joined with other text: write ctx.prompt`… ${inner} …`');
      },
    });
    texts.set(prompt, numbered(parts));
    return prompt as unknown as Prompt;
  }

  return { tag, textOf };
}

/** The text of a prompt or of a list of prompts; any other value is data. */
function partsOf(value: unknown, textOf: PromptTag['textOf']): readonly Part[] {
  const prompts = (Array.isArray(value) ? value : [value]).map(textOf);
  if (prompts.every((text) => text !== undefined)) return prompts.flat();
  // Never undefined, as toJSON may have it: such a reference would look into the event instead.
  const shown = display(value) ?? '';
  return shown === '' ? [] : [{ path: '', value: shown }];
}

function numbered(parts: readonly Part[]): Text {
  let count = 0;
  return parts.map((part) => {
    if (typeof part === 'string') return part;
    count += 1;
    return { ...part, path: `value${count}` };
  });
}
