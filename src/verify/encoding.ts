/**
 * Strict decoders, for what strangers send. Node's own never fail: they drop what they do not understand in silence, so that two
 * texts would stand for the same bytes.
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

/**
 * The bytes of a secret that its owner has written in hex or base64; null where the text holds anything else. Lines, padding, bits
 * too many and the letters of base64url are no matter, as they are none to the libraries that sign with it.
 */
export function decodeSecret(text: string, encoding: 'hex' | 'base64'): Buffer | null {
  const bare = text.replace(/\s+/g, '');
  if (encoding === 'hex') return decodeHex(bare);
  return /^[A-Za-z0-9+/_-]*={0,2}$/.test(bare) ? Buffer.from(bare, 'base64') : null;
}
