/** What is worth a warning: a shorter secret can be guessed. */
const shortest = 20;

/** Marks a setting as a secret, as JSON Schema says it; what is marked is read by `readSecret`. */
export const secretText = { writeOnly: true } as const;

export interface ReadSecret {
  /** without what was pasted along */
  readonly secret: string;
  /** what the owner should know: what was taken off, and whether it is short. Nothing of the secret itself. */
  readonly remarks: readonly string[];
}

/**
 * A secret or token as it is meant: without the blanks, line breaks, invisible characters and quotes round it, which no sender has
 * and no header could carry.
 */
export function readSecret(text: string): ReadSecret {
  const bare = withoutBlanks(text);
  const secret = withoutBlanks(/^(["'`])(.*)\1$/s.exec(bare)?.[2] ?? /^[“‘«](.*)[”’»]$/s.exec(bare)?.[1] ?? bare);
  // A blank one is an error elsewhere.
  if (secret === '') return { secret, remarks: [] };
  const length = [...secret].length;
  const remarks = [
    ...(bare === text ? [] : ['has blanks or line breaks round it, which do not count: take them off']),
    ...(secret === bare ? [] : ['has quotes round it, which do not count: take them off']),
    ...(length >= shortest
      ? []
      : [`is short, ${length} of at least ${shortest} characters, and so can be guessed: take a longer one`]),
  ];
  return { secret, remarks };
}

/**
 * The bytes that a sender may present for a secret, and no others: those of UTF-8, which most send, and where it has letters beyond
 * ASCII and none beyond Latin-1, those of Latin-1, in which some clients write headers.
 */
export function secretBytes(secret: string): readonly Buffer[] {
  const utf8 = Buffer.from(secret);
  const latin1 = Buffer.from(secret, 'latin1');
  return utf8.equals(latin1) || latin1.toString('latin1') !== secret ? [utf8] : [utf8, latin1];
}

/** A text as the value of a header that carries its UTF-8 bytes: Node takes each character of it for one byte. */
export function headerOfUtf8(text: string): string {
  return Buffer.from(text).toString('latin1');
}

/** Whether a header can carry it. */
export function fitsHeader(secret: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what HTTP forbids
  return !/[\u0000-\u001f\u007f]/.test(secret);
}

export const unfitForHeader = 'has a line break or another control character inside, which no header can carry';

function withoutBlanks(text: string): string {
  return text.replace(/^[\s\p{Cf}]+/u, '').replace(/[\s\p{Cf}]+$/u, '');
}
