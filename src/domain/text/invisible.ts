/**
 * For a class in a regular expression with the flag `u`: the characters that nobody sees, or that steer what shows a text:
 * control and format characters, line separators, and those without a shape, which are zero-width, soft hyphen, tags, variation
 * selectors.
 */
export const invisible = '\\p{Cc}\\p{Cf}\\p{Zl}\\p{Zp}\\p{Default_Ignorable_Code_Point}';

// A joiner between two pictures makes one of them, and a selector has a sign shown as a picture. Nothing else of the kind stays.
const pictures = '[\\p{Extended_Pictographic}\\p{Emoji_Modifier}\\u{FE0F}]';
const ofEmoji = `(?<=${pictures})\\u{200D}\\p{Extended_Pictographic}|(?<=\\p{Emoji})\\u{FE0F}`;
const hidden = `(?!${ofEmoji})[${invisible}\\p{Cs}]`;
const toReplace = new RegExp(`[\\p{Cc}\\p{Zl}\\p{Zp}]+|${hidden}`, 'gu');
/** Most lines, which are looked through the fastest. */
const plain = /^[ -~]*\n?$/;
const toEscape = new RegExp(`(?!\\n)${hidden}`, 'gu');

/**
 * A text from outside as a terminal may show it: control characters and line ends become a blank, halves of characters `�`, and what
 * nobody sees is gone, but for what holds an emoji together.
 */
export function visible(text: string): string {
  if (plain.test(text)) return text.replace('\n', ' ');
  return text.replace(toReplace, (found) => {
    if (/[\p{Cc}\p{Zl}\p{Zp}]/u.test(found)) return ' ';
    return /\p{Cs}/u.test(found) ? '\uFFFD' : '';
  });
}

/** The same JSON, line by line, with these characters escaped. */
export function visibleJson(json: string): string {
  if (plain.test(json)) return json;
  return json.replace(toEscape, (found) =>
    found
      .split('')
      .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
      .join(''),
  );
}
