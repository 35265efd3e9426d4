const token = 'HEARTBEAT_OK';

/**
 * What of a heartbeat's reply is worth sending: null where it only acknowledges (`HEARTBEAT_OK` at its start or end, markup
 * ignored, with at most `ackMaxChars` characters besides), the rest without the token where there is more, else the reply itself.
 */
export function withoutAck(reply: string, ackMaxChars: number): string | null {
  const text = reply.trim();
  if (text === '') return null;
  const rest = withoutTrailingToken(withoutLeadingToken(text));
  if (rest === text) return reply;
  return [...rest].length <= ackMaxChars ? null : rest;
}

// A reply may be long and is a stranger's work in part: each pattern is anchored, so that none takes more than one pass.
const onlyMarkup = /^(?:<[^<>]*>|[*_`~\s.!])*$/;
const leadingMarkup = /^(?:<[^<>]*>|[*_`~\s.!])+/;
// Underscores are markup, too, but not between words.
const wordBefore = /[\p{L}\p{N}]_?$/u;
const wordAfter = /^_?[\p{L}\p{N}]/u;

function withoutLeadingToken(text: string): string {
  const start = text.indexOf(token);
  const rest = text.slice(start + token.length);
  if (start === -1 || !onlyMarkup.test(text.slice(0, start)) || wordAfter.test(rest.slice(0, 3))) return text;
  return rest.replace(leadingMarkup, '').trim();
}

function withoutTrailingToken(text: string): string {
  const start = text.lastIndexOf(token);
  if (
    start === -1 ||
    !onlyMarkup.test(text.slice(start + token.length)) ||
    wordBefore.test(text.slice(Math.max(0, start - 3), start))
  )
    return text;
  // What opened the markup round the token, `**` or `<b>`, goes with it.
  let end = start;
  while (end > 0 && /[*_`~\s]/.test(text.charAt(end - 1))) end -= 1;
  return text
    .slice(0, end)
    .replace(/<\w{1,20}>$/, '')
    .trim();
}

/** A checklist of blank lines, headings and empty list items asks for nothing. A missing one (null) does not count as empty. */
export function isEmptyChecklist(markdown: string | null): boolean {
  if (markdown === null) return false;
  return markdown.split('\n').every((line) => /^\s*(#.*|[-*+](\s*\[[ x]?\])?)?\s*$/i.test(line));
}

export interface ActiveHours {
  /** `HH:MM`, inclusive */
  readonly start: string;
  /** `HH:MM`, exclusive; `24:00` is the end of the day */
  readonly end: string;
  /** an IANA name, or `local`; the owner's unless given */
  readonly timezone?: string | undefined;
}

/** Whether `now` (epoch ms) lies inside the hours; a range may cross midnight. */
export function isActive(hours: ActiveHours | undefined, now: number, ownersZone = 'local'): boolean {
  if (!hours) return true;
  const { start, end, timezone = ownersZone } = hours;
  const clock = new Intl.DateTimeFormat('en-GB', {
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
    ...(timezone === 'local' ? {} : { timeZone: timezone }),
  }).format(now);
  return start < end ? start <= clock && clock < end : start <= clock || clock < end;
}
