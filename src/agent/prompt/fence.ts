import { randomBytes } from 'node:crypto';
import { invisible } from '../../domain/text/invisible.ts';

/** A name in which whatever could end a line or a label is written as \uXXXX; made here only. */
export type Escaped = string & { readonly escaped: true };

/** A value from outside and the name it goes by. */
export interface Line {
  readonly label: Escaped;
  readonly text: string;
}

const unsafeInValue = new RegExp(`[${invisible}<>]`, 'gu');
const unsafeInLabel = new RegExp(`[^\\p{L}\\p{N}_.$/@:()[\\] -]|[${invisible}]`, 'gu');
const unsafeInName = new RegExp(`[^\\p{L}\\p{N}_.$/@[\\]-]|[${invisible}]`, 'gu');

/** A name that stands outside the fence or is referred to from there: one word, in which nobody can say much. */
export const escapeName = (name: string) => escapeAll(name, unsafeInName) as Escaped;

/** A name that stands in the fence alone, and so may have spaces and colons. */
export const escapeLabel = (label: string) => escapeAll(label, unsafeInLabel) as Escaped;

/**
 * The border round values from outside. Each line between its two markers is `label: <JSON string>`, so no value can begin a
 * line or look like a marker. `draw` gives ids until one occurs nowhere else in the prompt, whose other text is `besides`.
 */
export function fence(lines: readonly Line[], besides: string, draw: () => string = drawId): string {
  const data = lines.map(({ label, text }) => `${label}: ${safeJson(text)}`);
  const content = data.length === 0 ? '(no data)' : data.join('\n');
  let id = draw();
  while (content.includes(id) || besides.includes(id)) id = draw();
  return `<data id="${id}">\n${content}\n</data id="${id}">`;
}

/** JSON on one line in which nothing can pass for markup and nothing is invisible. */
export function safeJson(value: unknown): string {
  return escapeAll(JSON.stringify(value), unsafeInValue);
}

function escapeAll(text: string, unsafe: RegExp): string {
  return text.replace(unsafe, (found) => found.split('').map(toHex).join(''));
}

const toHex = (unit: string) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;

/** 128 random bits. */
const drawId = () => randomBytes(16).toString('hex');
