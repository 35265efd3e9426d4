// Which characters people take for the letters of `main`: those of Unicode's confusables.txt for the small and the capital letter, and
// the small capitals, which it keeps apart. What NFKC makes a plain letter of needs no mention, nor does the other case of each.
const likeM = 'ΜϺМᎷᗰᛖⲘꓟ𐊰𐌑𑜀𑣣ᴍʍ';
const likeA = 'ɑα⍺ΑАᎪᗅꓮ𐊠𖽀ᴀ';
const likeI = 'ıɩɪιіӏᎥ⍳ꙇꭵ𑣃ƖǀΙІӀ׀וןا١۱ߊᛁ∣⏽Ⲓⵏꓲ𐊊𐌉𐌠𖼨𞣇';
const likeN = 'ոռпΝⲚꓠ𐔓ɴ';
/** r and n together read as m. */
const likeR = 'гᴦⲅꭇꭈꮁ';

const letters = new Map(
  Object.entries({ m: likeM, a: likeA, i: likeI, n: likeN, r: likeR }).flatMap(([letter, alike]) =>
    [...alike].map((character) => [character.toLowerCase(), letter] as const),
  ),
);

/**
 * The letters as which a text reads that may look like `main`, whatever alphabet they are of: small ones, of which `rn` is an m, and
 * an l, a 1 and a bar are an i among capitals. Other characters stay.
 */
export function lettersSeen(text: string): string {
  const plain = text.normalize('NFKC');
  const strokes = /[l1|]/g;
  const rest = plain.replace(strokes, '');
  const shown = rest === rest.toUpperCase() ? plain.replace(strokes, 'I') : plain;
  // A dot may stand over an i by itself.
  return [...shown.toLowerCase().replaceAll('\u0307', '')]
    .map((character) => letters.get(character) ?? character)
    .join('')
    .replaceAll('rn', 'm');
}
