import { randomUUID } from 'node:crypto';
import { type Fields, fieldsOf, isFields, isText, parsedJson } from '../fields.ts';
import { wrongShape } from '../trouble/provider-trouble.ts';

/** What the parts of answers have in common in all protocols. `at` is where a part stands, for the error. */

/** A list, where nothing counts as an empty one. */
export function listIn(value: unknown, at: string): readonly unknown[] {
  if (value === null || value === undefined) return [];
  if (Array.isArray(value)) return value;
  throw wrongShape(at, value);
}

export function objectIn(value: unknown, at: string): Fields {
  if (isFields(value)) return value;
  throw wrongShape(at, value);
}

/** A text, where nothing counts as an empty one. */
export function textIn(value: unknown, at: string): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'string') return value;
  throw wrongShape(at, value);
}

/** What is said for people: a text, or a list of parts, of which those that are no text are left out, such as reasoning. */
export function contentIn(value: unknown, at: string): string {
  if (!Array.isArray(value) && !isFields(value)) return textIn(value, at);
  const parts: readonly unknown[] = Array.isArray(value) ? value : [value];
  return parts.map((part, index) => partIn(part, Array.isArray(value) ? `${at}[${index}]` : at)).join('');
}

function partIn(part: unknown, at: string): string {
  if (typeof part === 'string') return part;
  const { type, text } = objectIn(part, at);
  if (type !== undefined && typeof type !== 'string') throw wrongShape(`${at}.type`, type);
  if (type === undefined && text === undefined) throw wrongShape(`${at}.text`, text);
  return type === undefined || type === 'text' || type === 'output_text' ? textIn(text, `${at}.text`) : '';
}

/** The name of a tool. */
export function nameIn(value: unknown, at: string): string {
  if (isText(value)) return value;
  throw wrongShape(at, value);
}

/** What a tool is called with, as JSON. It may be no JSON: that is for the model to hear. */
export function argumentsIn(value: unknown, at: string): string {
  return isFields(value) ? JSON.stringify(value) : textIn(value, at) || '{}';
}

/** Some servers give a call no id, by which its result is found. */
export function idIn(value: unknown, at: string): string {
  return textIn(value, at) || `call_${randomUUID().replaceAll('-', '')}`;
}

/** What is no JSON goes back to the model as Anthropic advises, since the input of a call has to be an object there. */
export function inputIn(value: unknown, at: string): Fields {
  if (value === null || value === undefined || value === '') return {};
  if (isFields(value)) return value;
  if (typeof value !== 'string') throw wrongShape(at, value);
  const parsed = parsedJson(value);
  return isFields(parsed) ? parsed : { INVALID_JSON: value };
}

/** A count of tokens; servers that count in another way have not counted. */
export function countIn(value: unknown): number {
  return typeof value === 'number' && value >= 0 && Number.isFinite(value) ? value : 0;
}

/** The counts of an answer; undefined where it has none. */
export function countsOf(answer: unknown): Fields | undefined {
  const { usage } = fieldsOf(answer);
  return isFields(usage) ? usage : undefined;
}
