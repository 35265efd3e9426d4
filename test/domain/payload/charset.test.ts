import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import iconv from 'iconv-lite';
import { readPayload } from '../../../src/domain/payload/read-payload.ts';
import { holds } from '../../support/property.ts';

const charsets = [
  'utf-8',
  'utf-16le',
  'utf-16be',
  'iso-8859-1',
  'iso-8859-2',
  'iso-8859-5',
  'iso-8859-15',
  'windows-1250',
  'windows-1251',
  'windows-1252',
  'koi8-r',
  'ibm866',
  'macintosh',
  'shift_jis',
  'euc-jp',
  'euc-kr',
  'gbk',
  'gb18030',
  'big5',
];
const letter = fc.oneof(
  fc.integer({ min: 0x20, max: 0x7e }),
  // The signs for currencies stand at places of older charsets on which no two tables agree.
  fc.integer({ min: 0xa6, max: 0x17f }),
  fc.integer({ min: 0x400, max: 0x45f }),
  fc.constantFrom(0x20ac, 0x3042, 0x30c6, 0x4e00, 0xac00, 0x1f600),
);
const text = fc.array(letter, { maxLength: 30 }).map((codes) => String.fromCodePoint(...codes));
const typed = (kind: string, charset: string) => ({ 'content-type': `${kind}; charset=${charset}` });

describe.each(charsets)('a body in %s', (charset) => {
  it('is read as the text that was written, or said not to be', () => {
    holds(text, 300, (written) => {
      const body = iconv.encode(JSON.stringify({ written }), charset);
      // What the charset lacks was lost before it was sent.
      const sent = iconv.decode(body, charset);
      const { payload, notes } = readPayload(body, typed('application/json', charset));
      if (notes.length === 0) expect(JSON.stringify(payload)).toBe(sent);
    });
  });

  it('is read as it was written where the charset has all its letters', () => {
    const body = iconv.encode('{"a":"A-1 ~{}"}', charset);
    expect(readPayload(body, typed('application/json', charset))).toEqual({
      payload: { a: 'A-1 ~{}' },
      notes: [],
      isExact: true,
    });
  });

  it('that holds any bytes is never taken for what it is not', () => {
    holds(fc.uint8Array({ maxLength: 20 }), 300, (bytes) => {
      const body = Buffer.concat([iconv.encode('{"a":"', charset), bytes, iconv.encode('"}', charset)]);
      let read: ReturnType<typeof readPayload> | undefined;
      try {
        read = readPayload(body, typed('application/json', charset));
      } catch (error) {
        expect(error).toBeInstanceOf(Error);
      }
      const { a } = (read?.payload ?? {}) as { a?: string };
      if (read?.notes.length === 0 && a?.includes('\ufffd')) expect(sentReplacement(bytes, charset)).toBe(true);
    });
  });
});

/** Whether the bytes hold the replacement character itself. */
function sentReplacement(bytes: Uint8Array, charset: string): boolean {
  return Buffer.from(bytes).includes(iconv.encode('\ufffd', charset));
}
