/** Stands where something was cut out of a text. */
export const leftOutMark = (count: number) => ` … [${count.toLocaleString('en-US')} characters left out] … `;

/**
 * A text of at most `limit` characters and a mark, cut in its middle; well-formed, since not every API takes half a character.
 * @param before how many characters somebody has cut out of its middle already
 */
export function shortenMiddle(text: string, limit: number, before = 0): string {
  const ends = endsOf(text, limit, before);
  return ends === null ? text : ends.head + leftOutMark(ends.leftOut) + ends.tail;
}

/**
 * The same for a prompt, from which no value may come out of its fence: where one of the two marks of a fence would be
 * gone, the other goes with what stood beside it.
 */
export function shortenPrompt(prompt: string, limit: number, before = 0): string {
  const ends = endsOf(prompt, limit, before);
  if (ends === null) return prompt;
  let { head, tail, leftOut } = ends;
  const closing = /^<\/data id="([0-9a-f]{32})">$/m.exec(tail);
  if (closing && !head.includes(`<data id="${closing[1]}">`)) {
    const kept = tail.slice(closing.index + closing[0].length);
    leftOut += tail.length - kept.length;
    tail = kept;
  }
  const opening = /^<data id="([0-9a-f]{32})">$/m.exec(head);
  if (opening && !tail.includes(`</data id="${opening[1]}">`)) {
    // Unless the fence was closed before the cut.
    if (!head.includes(`</data id="${opening[1]}">`)) {
      leftOut += head.length - opening.index;
      head = head.slice(0, opening.index);
    }
  }
  return head + leftOutMark(leftOut) + tail;
}

/** Null where the whole text may stay. */
function endsOf(text: string, limit: number, before: number) {
  if (text.length <= limit && before === 0) return null;
  const kept = Math.min(limit, text.length);
  let head = text.slice(0, Math.ceil(kept / 2));
  let tail = kept < 2 ? '' : text.slice(text.length - Math.floor(kept / 2));
  if (isHigh(head.charCodeAt(head.length - 1)) && isLow(text.charCodeAt(head.length))) head = head.slice(0, -1);
  if (isLow(tail.charCodeAt(0)) && isHigh(text.charCodeAt(text.length - tail.length - 1))) tail = tail.slice(1);
  return { head, tail, leftOut: text.length - head.length - tail.length + before };
}

const isHigh = (unit: number) => unit >= 0xd800 && unit <= 0xdbff;
const isLow = (unit: number) => unit >= 0xdc00 && unit <= 0xdfff;
