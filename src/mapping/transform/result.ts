import type { Text } from '../../domain/text/text.ts';
import type { PromptTag } from '../template/prompt-tag.ts';
import type { CallAnswer, ResultField, ResultLimits, ResultText, ResultValue } from './call.ts';

// A module may patch the globals of its thread; what is measured and taken here must not depend on that.
const { keys, prototype } = Object;
const { isArray } = Array;
const { toString: tagOf } = prototype;
const { call } = Function.prototype;
const tag = call.bind(tagOf) as (value: unknown) => string;

/** What a transform returned, as data that can leave its thread, measured before it does. Throws an Error for what is no patch. */
export function answerOf(result: unknown, textOf: PromptTag['textOf'], limits: ResultLimits): CallAnswer {
  if (result === undefined) return { kind: 'unchanged' };
  if (result === null) return { kind: 'skip' };
  const type = textOf(result) ? 'a prompt' : typeName(result);
  if (type !== 'an object') {
    const more = type === 'an Error' ? '; throw it to fail the event' : '';
    throw new Error(`it returned ${type}; wanted an object with the fields to change, null or undefined${more}`);
  }
  const fields: ResultField[] = [];
  const texts: ResultText[] = [];
  let [chars, pieces] = [0, 0];
  for (const name of keys(result as object)) {
    const value = (result as Record<string, unknown>)[name];
    if (value === undefined) continue;
    const text = textOf(value);
    chars += name.length + (text ? lengthOf(text) : 0);
    pieces += text?.length ?? 0;
    if (text) texts[texts.length] = [name, text];
    else {
      const plain = plainOf(name, value);
      chars += typeof plain === 'string' ? plain.length : 1;
      fields[fields.length] = [name, plain];
    }
    if (chars > limits.chars) return { kind: 'large', of: 'chars' };
    if (pieces > limits.pieces) return { kind: 'large', of: 'pieces' };
  }
  return { kind: 'patch', fields, texts, chars };
}

function lengthOf(text: Text): number {
  let length = 0;
  for (const part of text) length += typeof part === 'string' ? part.length : (part.value as string).length;
  return length;
}

/** No field takes lists or objects, so they are not copied: what stands for them is refused as they would be. */
function plainOf(name: string, value: unknown): ResultValue {
  const said = saidBy(value, name);
  if (said === null || typeof said === 'string' || typeof said === 'number' || typeof said === 'boolean') return said;
  const type = typeName(said);
  if (type === 'an object') return {};
  if (type === 'an array') return (said as unknown[]).length === 0 ? [] : [null];
  throw new Error(`${name} is ${type}; ${type === 'a promise' ? 'await it' : 'wanted text, a number, true or false'}`);
}

/** A date, a URL and the like say themselves what they are in JSON. */
function saidBy(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const { toJSON } = value as { toJSON?: unknown };
  return typeof toJSON === 'function' ? toJSON.call(value, name) : value;
}

function typeName(value: unknown): string {
  if (isArray(value)) return 'an array';
  if (typeof value !== 'object' || value === null) return value === undefined ? 'nothing' : `a ${typeof value}`;
  if (typeof (value as { then?: unknown }).then === 'function') return 'a promise';
  const name = tag(value).slice(8, -1);
  return name === 'Object' ? 'an object' : `${/^[AEIOU]/.test(name) ? 'an' : 'a'} ${name}`;
}
