import { describe, expect, it } from '@jest/globals';
import { decodeBase64, decodeHex } from '../../src/verify/encoding.ts';

describe('decoding', () => {
  it('takes one text for the same bytes, padded or not', () => {
    expect(decodeHex('00fF')).toEqual(Buffer.from([0, 255]));
    expect(decodeBase64('/w==')).toEqual(Buffer.from([255]));
    expect(decodeBase64('/w')).toEqual(Buffer.from([255]));
  });

  it.each(['0', '0g', ' 00', '00\n'])('takes %j for no hex', (text) => {
    expect(decodeHex(text)).toBeNull();
  });

  it.each(['/w=', '/x==', '_w==', '/w ==', '/w==\n', 'AAAA=', '=', 'A'])('takes %j for no base64', (text) => {
    expect(decodeBase64(text)).toBeNull();
  });
});
