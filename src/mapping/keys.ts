import { hash, randomUUID } from 'node:crypto';
import { InvalidEvent } from '../domain/errors.ts';
import { type Context, pathSegments, resolveIn } from '../domain/event.ts';
import { display, type Text } from '../domain/text/text.ts';
import { cleanKey, readsAsMain } from './session-key.ts';
import { longestText } from './template/render.ts';

/**
 * A key of the values that a template names, by which events are told apart. Values that look alike when they are joined (`a-b` and
 * `c`, `a` and `b-c`; 1 and "1") make different keys. Undefined where a value is blank: such a key tells nothing apart. Throws
 * InvalidEvent where it has more than 1,048,576 characters.
 */
export function keyOf(text: Text, context: Context): string | undefined {
  const parts = partsOf(text, context);
  return parts.some((part) => typeof part !== 'string' && part.isBlank) ? undefined : encode(parts, context);
}

/**
 * The session that a template names, as people read it. Where what was left out or joined would make it look like another's, a hash
 * of the whole joins it. A value that is blank becomes random, so that strangers' events never share a conversation by accident.
 */
export function renderSessionKey(text: Text, context: Context): string {
  const parts = partsOf(text, context);
  const shown = parts.map((part) =>
    typeof part === 'string' ? part : part.isBlank ? randomUUID() : cleanKey(part.shown),
  );
  const key = shown.join('');
  // No hash makes the owner's key that of somebody else: who checks it shall see it.
  if (readsAsMain(key)) return key;
  const isExact = hashesOf(parts, context) === undefined && parts.every((part, at) => isReadBack(part, parts[at + 1]));
  return isExact ? key : key + mark + hash('sha256', encode(parts, context)).slice(0, 32);
}

/** Begins what tells apart keys that would look the same. */
const mark = '~';

interface Value {
  /** JSON: with its type */
  readonly json: string;
  /** as templates show it */
  readonly shown: string;
  readonly isBlank: boolean;
  readonly isOfQuery: boolean;
}

type KeyPart = string | Value;

function partsOf(text: Text, context: Context): KeyPart[] {
  const resolve = resolveIn(context);
  const known = new Map<string, Value>();
  let length = 0;
  return text.map((part) => {
    const made = typeof part === 'string' ? part : (known.get(part.path) ?? toValue(part.path, resolve(part.path)));
    if (typeof part !== 'string' && typeof made !== 'string') known.set(part.path, made);
    length += typeof made === 'string' ? made.length : made.shown.length;
    if (length > longestText) throw new InvalidEvent(`with this event a text has more than ${longestText} characters`);
    return made;
  });
}

function toValue(path: string, value: unknown): Value {
  const shown = display(value);
  const isOfQuery = pathSegments(path)[0] === 'query';
  return { json: JSON.stringify(value) ?? '', shown, isBlank: shown.trim() === '', isOfQuery };
}

/** A list, in which no value can pass for two, or for the owner's words. */
function encode(parts: readonly KeyPart[], context: Context): string {
  const list = parts.map((part) => (typeof part === 'string' ? JSON.stringify(part) : `[${part.json}]`));
  const hashes = hashesOf(parts, context);
  return `[${[...list, ...(hashes ? [JSON.stringify(hashes)] : [])].join()}]`;
}

/** What tells apart bytes that became the same values. A query of which no parameter is named says nothing here. */
function hashesOf(parts: readonly KeyPart[], { bodyHash, queryHash }: Context): object | undefined {
  const namesQuery = queryHash !== undefined && parts.some((part) => typeof part !== 'string' && part.isOfQuery);
  if (bodyHash === undefined && !namesQuery) return undefined;
  return { ...(bodyHash !== undefined && { bodyHash }), ...(namesQuery && { queryHash }) };
}

/** Whether a reader of the joined text finds the end of a value where it is: by the words that follow, which it does not hold. */
function isReadBack(part: KeyPart, next: KeyPart | undefined): boolean {
  if (typeof part === 'string' || part.isBlank) return true;
  if (cleanKey(part.shown) !== part.shown || part.shown.includes(mark)) return false;
  if (next === undefined) return true;
  return typeof next === 'string' && (part.shown + next).indexOf(next) === part.shown.length;
}
