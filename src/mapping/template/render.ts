import { InvalidEvent } from '../../domain/errors.ts';
import { type Resolve, referenceValue, shownBy, type Text } from '../../domain/text/text.ts';

/** In characters. No reader takes more, and a text that repeats a large value is soon longer than the memory. */
export const longestText = 1_048_576;

/**
 * The text with each value in its place, for what is no prompt: names and recipients. Throws InvalidEvent where that makes more
 * than 1,048,576 characters.
 */
export function render(text: Text, resolve: Resolve): string {
  const shown = shownBy(resolve);
  let whole = '';
  let length = 0;
  for (const part of text) {
    const value = typeof part === 'string' ? part : referenceValue(part, shown);
    length += value.length;
    if (length > longestText) throw new InvalidEvent(`with this event a text has more than ${longestText} characters`);
    whole += value;
  }
  return whole;
}
