import { isUtf8 } from 'node:buffer';
import { TextDecoder } from 'node:util';

/** A text, and what is wrong with its bytes where they could not be read as they were meant. */
export interface Decoded {
  readonly text: string;
  readonly problem?: Problem;
}

/** What follows on the name of what was decoded: "is not utf-8". */
interface Problem {
  readonly words: string;
  /** the first byte that is no text, counted from 1; undefined where that is not known */
  readonly at?: number;
  /** whether other bytes could have become the same text */
  readonly isLoss: boolean;
}

/** How the bytes of one body become text. */
export interface Decoder {
  /** ASCII is itself in it, byte by byte */
  readonly hasAscii: boolean;
  /** What is no text in the charset becomes U+FFFD, with a problem. A byte order mark stays where it is. */
  decode(bytes: Uint8Array): Decoded;
}

const byteOrderMarks: readonly [charset: string, mark: readonly number[]][] = [
  ['utf-8', [0xef, 0xbb, 0xbf]],
  ['utf-16le', [0xff, 0xfe]],
  ['utf-16be', [0xfe, 0xff]],
];

/**
 * The decoder of a body: by its byte order mark, else by the charset that its sender names, else UTF-8. A charset is named as in the
 * Encoding Standard of the WHATWG, where "iso-8859-1" is windows-1252.
 */
export function decoderOf(body: Uint8Array, declared: string | undefined): Decoder {
  const marked = byteOrderMarks.find(([, mark]) => mark.every((byte, at) => body[at] === byte));
  const charset = marked?.[0] ?? declared ?? widthOf(body) ?? 'utf-8';
  const strict = strictDecoder(charset);
  if (!strict) {
    const words = `is in the charset "${charset.slice(0, 40)}", which is not known here, and was read as utf-8`;
    const decode = (bytes: Uint8Array): Decoded => {
      return { text: lenient(bytes, 'utf-8'), problem: { words, isLoss: !isUtf8(bytes) } };
    };
    return { hasAscii: true, decode };
  }
  const isUnicode = strict.encoding.startsWith('utf-');
  const decode = (bytes: Uint8Array): Decoded => {
    try {
      const text = strict.decode(bytes);
      // Where a charset has several tables, the letters that not all of them have come out as none.
      if (isUnicode || !privateUse.test(text)) return { text };
      return { text, problem: { words: `holds characters that ${strict.encoding} gives no meaning`, isLoss: true } };
    } catch {
      const text = lenient(bytes, charset);
      const at = strict.encoding === 'utf-8' ? { at: firstWrongByte(bytes, text) } : {};
      return { text, problem: { words: `is not ${strict.encoding}`, isLoss: true, ...at } };
    }
  };
  return { hasAscii: !strict.encoding.startsWith('utf-16'), decode };
}

/** JSON in two bytes a character, whose sender does not say so: its first character is ASCII (RFC 4627, section 3). */
function widthOf(body: Uint8Array): string | undefined {
  if (body.length < 2 || (body[0] !== 0 && body[1] !== 0)) return undefined;
  return body[0] === 0 ? 'utf-16be' : 'utf-16le';
}

const privateUse = /\p{Co}/u;
const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function strictDecoder(charset: string): TextDecoder | undefined {
  try {
    return charset === 'utf-8' ? strictUtf8 : new TextDecoder(charset, { fatal: true, ignoreBOM: true });
  } catch {
    return undefined;
  }
}

function lenient(bytes: Uint8Array, charset: string): string {
  return new TextDecoder(charset, { ignoreBOM: true }).decode(bytes);
}

/** The position of the first byte that is no text, counted from 1: where a U+FFFD stands that was not sent as one. */
function firstWrongByte(bytes: Uint8Array, text: string): number {
  let offset = 0;
  let done = 0;
  for (let at = text.indexOf('\ufffd'); at !== -1; at = text.indexOf('\ufffd', at + 1)) {
    offset += Buffer.byteLength(text.slice(done, at));
    if (bytes[offset] !== 0xef || bytes[offset + 1] !== 0xbf || bytes[offset + 2] !== 0xbd) return offset + 1;
    offset += 3;
    done = at + 1;
  }
  return offset + 1;
}
