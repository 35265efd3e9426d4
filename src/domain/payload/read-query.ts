import { decoderOf } from './charset.ts';
import { type ReadForm, readForm } from './form.ts';

const utf8 = decoderOf(new Uint8Array(), 'utf-8');

/**
 * The parameters of a URL as its sender wrote them: nested and repeated ones as in a form. Throws a RangeError for more than a form
 * may have.
 * @param search with its question mark; each byte as one character
 */
export function readQuery(search: string): ReadForm {
  return readForm(search.slice(1), utf8, 'query');
}
