import type { Decoded, Decoder } from './charset.ts';
import { deepest, levelsOf } from './form-name.ts';
import { formFields, newNode, put } from './form-tree.ts';

/** A form as a sender wrote it. */
export interface ReadForm {
  readonly fields: Record<string, unknown>;
  /** what in it could not be read as it was meant, at most six */
  readonly notes: readonly string[];
  /** whether no other form has the same fields */
  readonly isExact: boolean;
}

/** No form of a service has more fields. */
const mostFields = 1000;
/** More tell its owner nothing new. */
const mostNotes = 5;

/**
 * The fields of a form or a query: `a[b]=1` nests, `a=1&a=2` and `a[]=1&a[]=2` are lists. Each name and value is decoded by
 * itself, after its percent signs. Throws a RangeError for more than 1,000 fields, or names nested deeper than 20 levels.
 * @param form each byte as one character
 * @param kind what it is called in words
 */
export function readForm(form: string, decoder: Decoder, kind: 'form' | 'query' = 'form'): ReadForm {
  const notes = new Set<string>();
  let isExact = true;
  const decode = (encoded: string, what: 'name' | 'value') => {
    const { text, problem } = decodePart(encoded, decoder);
    if (problem?.isLoss) isExact = false;
    if (problem)
      notes.add(`a ${what} ${problem.words}${problem.at === undefined ? '' : ` at byte ${problem.at} of it`}`);
    return text;
  };
  const root = newNode();
  for (const part of partsOf(form, kind)) {
    const equals = part.indexOf('=');
    const name = decode(equals === -1 ? part : part.slice(0, equals), 'name');
    const value = equals === -1 ? '' : decode(part.slice(equals + 1), 'value');
    const levels = levelsOf(name);
    if (levels === 'too deep') throw new RangeError(`a name of the ${kind} is nested deeper than ${deepest} levels`);
    if (!levels) notes.add('a name has brackets that do not nest, or nothing before them, and is taken as it stands');
    put(root, levels ?? [name], value);
  }
  const fields = formFields(root, () => {
    isExact = false;
    notes.add('a name came both with and without a name or number in brackets, so its values may have changed places');
  });
  return { fields, notes: limited([...notes]).map((note) => `the ${kind}: ${note}`), isExact };
}

/** What stands between the signs `&`; between two of them, or after the last, may be nothing. */
function partsOf(form: string, kind: string): string[] {
  const parts: string[] = [];
  for (let at = 0; at < form.length; ) {
    const sign = form.indexOf('&', at);
    const end = sign === -1 ? form.length : sign;
    if (end > at) parts.push(form.slice(at, end));
    if (parts.length > mostFields) throw new RangeError(`the ${kind} has more than ${mostFields} fields`);
    at = end + 1;
  }
  return parts;
}

function limited(notes: readonly string[]): readonly string[] {
  return notes.length <= mostNotes
    ? notes
    : [...notes.slice(0, mostNotes), `and ${notes.length - mostNotes} more such notes`];
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
