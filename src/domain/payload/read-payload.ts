import { decoderOf } from './charset.ts';
import { type ReadForm, readForm } from './form.ts';
import { readJson } from './json.ts';

/** What a body says. */
export interface Payload {
  readonly payload: unknown;
  /** what in the bytes could not be read as it was meant, for the owner; mostly nothing */
  readonly notes: readonly string[];
  /** whether no other bytes mean the same values: else what is told apart by its values is told apart by its bytes, too */
  readonly isExact: boolean;
}

const asItCame: readonly string[] = [];
const repeatedName = 'a name stands twice in one object of the JSON; the last of them counts';

/**
 * The payload of a request. JSON is taken for JSON whatever the content type says, since many a sender says `form` and means
 * JSON; forms are read for hooks only; an empty body is an empty object. Throws a SyntaxError for what is neither, a RangeError
 * for what is nested too deep or has too many fields.
 */
export function readPayload(
  body: Buffer,
  headers: Readonly<Record<string, unknown>>,
  endpoint: 'hooks' | 'specs' = 'hooks',
): Payload {
  if (body.length === 0) return { payload: {}, notes: asItCame, isExact: true };
  const type = String(headers['content-type']);
  const decoder = decoderOf(body, /;\s*charset\s*=\s*["']?([^\s"';]+)/i.exec(type)?.[1]?.toLowerCase());
  const { text: marked, problem } = decoder.decode(body);
  const isExact = !problem?.isLoss;
  const text = marked.startsWith('\ufeff') ? marked.slice(1) : marked;
  const undecoded = problem
    ? [`the body ${problem.words}${problem.at === undefined ? '' : ` at byte ${problem.at}`}`]
    : asItCame;
  try {
    const { value, repeated } = readJson(text);
    return {
      payload: value,
      notes: repeated ? [...undecoded, repeatedName] : undecoded,
      isExact: isExact && !repeated,
    };
  } catch (error) {
    const isForm = endpoint === 'hooks' && /^application\/x-www-form-urlencoded\b/i.test(type);
    // What begins like JSON was meant as JSON: a form would encode these characters.
    if (!isForm || /^\s*[{[]/.test(text)) throw error;
    if (decoder.hasAscii) return readFields(readForm(withoutMark(body.toString('latin1')), decoder));
    // What percent signs stand for is UTF-8 where a character has two bytes.
    const form = readForm(Buffer.from(text).toString('latin1'), decoderOf(Buffer.alloc(0), undefined));
    return readFields({ ...form, notes: [...undecoded, ...form.notes], isExact: isExact && form.isExact });
  }
}

/** The fields; or what the field `payload` holds, where that is an object or list as GitHub has it. */
function readFields({ fields, notes, isExact }: ReadForm): Payload {
  if (typeof fields.payload !== 'string') return { payload: fields, notes, isExact };
  try {
    const { value, repeated } = readJson(fields.payload);
    const isWhole = typeof value === 'object' && value !== null;
    if (isWhole) {
      return { payload: value, notes: repeated ? [...notes, repeatedName] : notes, isExact: isExact && !repeated };
    }
  } catch (error) {
    // Else it is a field that happens to have this name.
    if (!(error instanceof SyntaxError)) throw error;
  }
  return { payload: fields, notes, isExact };
}

/**
 * What the bytes say whatever a content type says of their charset: for what must not depend on a header that nobody signed. The same
 * payload where it says nothing; undefined where they cannot be read so.
 */
export function readBytes(
  body: Buffer,
  headers: Readonly<Record<string, unknown>>,
  read: Payload,
): Payload | undefined {
  const [type = '', ...parameters] = String(headers['content-type']).split(';');
  if (!parameters.some((one) => /^\s*charset\s*=/i.test(one))) return read;
  try {
    return readPayload(body, { 'content-type': type });
  } catch {
    return undefined;
  }
}

/** The mark of UTF-8 is no part of the first name. */
function withoutMark(bytes: string): string {
  return bytes.startsWith('\xef\xbb\xbf') ? bytes.slice(3) : bytes;
}
