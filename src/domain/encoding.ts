/**
 * Strict decoders. Node's own never fail: they drop what they do not understand in silence, so that two texts would stand
 * for the same bytes.
 */

/** The bytes of a text of hex digits, in upper or lower case; null for any other text. */
export function decodeHex(text: string): Buffer | null {
  return text.length % 2 === 0 && /^[0-9a-f]*$/i.test(text) ? Buffer.from(text, 'hex') : null;
}

/** The bytes of a base64 text, padded or not; null for any other text, base64url included. */
export function decodeBase64(text: string): Buffer | null {
  const bytes = Buffer.from(text, 'base64');
  const padded = bytes.toString('base64');
  return text === padded || text === padded.replace(/=+$/, '') ? bytes : null;
}
