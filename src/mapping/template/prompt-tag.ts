import { display, type Part, type Text } from '../../domain/text/text.ts';
import type { OwnerPrompt, TransformContext } from '../transform/define-transform.ts';

export interface PromptTag {
  /** `ctx.prompt` of one call */
  readonly tag: TransformContext['prompt'];
  /** What a prompt says; undefined for everything that this tag did not make. */
  textOf(value: unknown): Text | undefined;
}

// A module may patch the globals of its thread, and what is the owner's word must not depend on that.
const { stringify } = JSON;
const { isArray } = Array;
const { freeze, hasOwn, isFrozen } = Object;

/** Empty to look at and known by its private fields, so that no data can imitate one. */
class TaggedPrompt {
  readonly #tag: object;
  readonly #text: Text;

  constructor(tag: object, text: Text) {
    this.#tag = tag;
    this.#text = text;
    freeze(this);
  }

  static textOf(value: unknown, tag: object): Text | undefined {
    if (typeof value !== 'object' || value === null || !(#text in value)) return undefined;
    return value.#tag === tag ? value.#text : undefined;
  }

  toString(): string {
    throw new TypeError('a prompt cannot be joined with other text: write ctx.prompt`… ${inner} …`');
  }
}

/** A prompt kept from another call is not known here. */
export function createPromptTag(): PromptTag {
  const textOf = (value: unknown) => TaggedPrompt.textOf(value, tag);

  function tag(words: TemplateStringsArray, ...values: readonly unknown[]): OwnerPrompt {
    // Called with brackets, its argument would be outside text that passes for the owner's words.
    if (!isArray(words) || !isFrozen(words) || !hasOwn(words, 'raw')) {
      throw new TypeError('ctx.prompt is a template tag: write ctx.prompt`…` without brackets');
    }
    const parts: Part[] = [];
    for (let at = 0; at < words.length; at += 1) {
      const word = words[at];
      if (word !== undefined && word !== '') parts[parts.length] = word;
      if (at < values.length) addParts(parts, values[at], textOf);
    }
    return new TaggedPrompt(tag, numbered(parts)) as unknown as OwnerPrompt;
  }

  return { tag, textOf };
}

/** Adds the text of a prompt or of a list of prompts; any other value is data. */
function addParts(parts: Part[], value: unknown, textOf: PromptTag['textOf']): void {
  const texts: Text[] = [];
  const list = isArray(value) ? value : [value];
  for (const item of list) {
    const text = textOf(item);
    if (text) texts[texts.length] = text;
  }
  if (texts.length === list.length) {
    for (const text of texts) for (const part of text) parts[parts.length] = part;
    return;
  }
  // Never undefined, as toJSON may have it: such a reference would look into the event instead.
  const shown = (typeof value === 'object' ? value && stringify(value) : display(value)) ?? '';
  if (shown !== '') parts[parts.length] = { path: '', value: shown };
}

function numbered(parts: readonly Part[]): Text {
  const text: Part[] = [];
  let count = 0;
  for (const part of parts) {
    if (typeof part !== 'string') count += 1;
    text[text.length] = typeof part === 'string' ? part : { ...part, path: `value${count}` };
  }
  return text;
}
