import qs from 'qs';
import type { Decoded, Decoder } from './charset.ts';

/** A form as a sender wrote it. */
export interface ReadForm {
  readonly fields: Record<string, unknown>;
  /** what in it could not be read as it was meant */
  readonly notes: readonly string[];
}

/** No form of a service has more fields. */
const mostFields = 1000;
const deepest = 20;

/**
 * The fields of a form or a query: `a[b]=1` nests, `a=1&a=2` and `a[]=1&a[]=2` are lists. Each name and value is decoded by
 * itself, after its percent signs. Throws a RangeError for more than 1,000 fields, or names nested deeper than 20 levels.
 * @param form each byte as one character
 */
export function readForm(form: string, decoder: Decoder): ReadForm {
  if (countFields(form) > mostFields) throw new RangeError(`the form has more than ${mostFields} fields`);
  const notes = new Set<string>();
  const fields = qs.parse(form, {
    decoder: (encoded: string, _default: unknown, _charset: unknown, type?: 'key' | 'value') => {
      const { text, note } = decodePart(encoded, decoder);
      if (note !== undefined) notes.add(note);
      if (type === 'key' && !isPlainName(text)) {
        notes.add('a name of the form has brackets that do not nest, or is none, and may have lost something');
      }
      return text;
    },
    depth: deepest,
    strictDepth: true,
    parameterLimit: mostFields,
    arrayLimit: mostFields,
    allowSparse: true,
    plainObjects: true,
  });
  return { fields: withoutHoles(fields) as Record<string, unknown>, notes: [...notes] };
}

/** The value, in which a list that misses some of its indexes is an object: `users[42]=x` says nothing of 42 others. */
function withoutHoles(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, one]) => [key, withoutHoles(one)] as const);
  if (Array.isArray(value) && entries.length === value.length) return entries.map(([, one]) => one);
  return Object.assign(Object.create(null), Object.fromEntries(entries));
}

function countFields(form: string): number {
  let count = 1;
  for (let at = form.indexOf('&'); at !== -1; at = form.indexOf('&', at + 1)) count += 1;
  return count;
}

/** A name, then levels in brackets. What is not of this form, the library drops in part or whole. */
function isPlainName(name: string): boolean {
  return /^[^[\]]+(?:\[[^[\]]*\])*$/.test(name) && !name.includes('__proto__');
}

/** Percent signs stand for bytes, and only all bytes of a text together for characters. */
function decodePart(encoded: string, decoder: Decoder): Decoded {
  const bytes = encoded
    .replaceAll('+', ' ')
    .replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  // Most are, and need no decoder.
  const isPlain = /^[\x20-\x7e]*$/.test(bytes);
  return isPlain ? { text: bytes } : decoder.decode(Buffer.from(bytes, 'latin1'));
}
