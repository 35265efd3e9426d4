import { InvalidEvent } from '../domain/errors.ts';
import { type Resolve, referenceValue, shownBy, type Text } from '../domain/text.ts';

/** In characters. No reader takes more, and a text that repeats a large value is soon longer than the memory. */
const longest = 1_048_576;

/**
 * The text with each value in its place, for what is no prompt: names and keys. `fill` says what stands for
 * a value; the value itself unless given. Throws InvalidEvent where that makes more than 1,048,576 characters.
 */
export function render(text: Text, resolve: Resolve, fill = (value: string): string => value): string {
  const shown = shownBy(resolve);
  let whole = '';
  let length = 0;
  for (const part of text) {
    const isWords = typeof part === 'string';
    const value = isWords ? part : referenceValue(part, shown);
    length += value.length;
    if (length > longest) throw new InvalidEvent(`with this event a text has more than ${longest} characters`);
    whole += isWords ? value : fill(value);
  }
  return whole;
}
