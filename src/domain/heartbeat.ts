/** What an assistant answers that has nothing to say; only its letters count. */
const token = 'HEARTBEATOK';

/**
 * What of a heartbeat's reply is worth sending: null where it only acknowledges (HEARTBEAT_OK at its start or end, in whatever
 * dress, with at most `ackMaxChars` letters and other characters besides), the rest without the token where there is more, else
 * the reply itself.
 */
export function withoutAck(reply: string, ackMaxChars: number): string | null {
  const text = reply.trim();
  if (text === '') return null;
  const rest = withoutTrailingToken(withoutLeadingToken(text));
  if (rest === text) return reply;
  const length = [...rest].length;
  // A tick or a smile beside it says nothing more.
  const saysNothing = length <= fewSigns && !/[\p{L}\p{N}]/u.test(rest);
  return length <= ackMaxChars || saysNothing ? null : rest;
}

const fewSigns = 20;

// A reply may be long and is a stranger's work in part, so each end of it is looked at once.
const tag = /^<[^<>]{0,100}>/;
const tagBefore = /<[^<>]{0,100}>$/;
const isLetter = /[\p{L}\p{N}]/u;
/** Part of a word, unlike other marks: NO_HEARTBEAT_OK is another word. */
const wordMark = '_';

function withoutLeadingToken(text: string): string {
  let at = skipForward(text, 0);
  for (const letter of token) {
    // Between its two words the token may be written in any way, so only letters are compared.
    while (at < text.length && isJoiner(text.charAt(at))) at += 1;
    if (text.charAt(at) !== letter) return text;
    at += 1;
  }
  const next = text.charAt(at) === wordMark ? text.charAt(at + 1) : text.charAt(at);
  if (isLetter.test(next)) return text;
  return text
    .slice(at)
    .replace(/^(?:<[^<>]{0,100}>|[\p{P}\s`~|])+/u, '')
    .trim();
}

function withoutTrailingToken(text: string): string {
  let end = skipBack(text, text.length);
  for (const letter of [...token].reverse()) {
    while (end > 0 && isJoiner(text.charAt(end - 1))) end -= 1;
    if (text.charAt(end - 1) !== letter) return text;
    end -= 1;
  }
  const before = text.charAt(end - 1) === wordMark ? text.charAt(end - 2) : text.charAt(end - 1);
  if (isLetter.test(before)) return text;
  // What opened the markup round the token goes with it, but the full stop of the sentence before stays.
  let kept = end;
  while (kept > 0 && /[*_`~\s"'“”‘’«»„‚([{\\|-]/.test(text.charAt(kept - 1))) kept -= 1;
  return text
    .slice(0, kept)
    .replace(/<\w{1,20}>$/, '')
    .trim();
}

/** `_`, a dash, a blank, a backslash and the like, between HEARTBEAT and OK. */
function isJoiner(character: string): boolean {
  return /[_\-\s\\*\u2010-\u2015]/.test(character);
}

/** More than that says something, letters or not. */
const longestDress = 200;

/** Past what is no letter, and past markup. */
function skipForward(text: string, from: number): number {
  let at = from;
  while (at < text.length && at < from + longestDress) {
    const markup = text.charAt(at) === '<' ? tag.exec(text.slice(at, at + 102)) : null;
    if (markup) at += markup[0].length;
    else if (isLetter.test(String.fromCodePoint(text.codePointAt(at) ?? 0))) break;
    else at += 1;
  }
  return at;
}

function skipBack(text: string, from: number): number {
  let end = from;
  while (end > 0 && end > from - longestDress) {
    const markup = text.charAt(end - 1) === '>' ? tagBefore.exec(text.slice(Math.max(0, end - 102), end)) : null;
    if (markup) end -= markup[0].length;
    else if (isLetter.test(text.charAt(end - 1))) break;
    else end -= 1;
  }
  return end;
}

/**
 * A checklist that asks for nothing: blank lines, headings, rules, comments, front matter and empty list items. A missing one
 * (null) asks for nothing, too.
 */
export function isEmptyChecklist(markdown: string | null): boolean {
  if (markdown === null) return true;
  const body = markdown
    .replace(/^\uFEFF/, '')
    .replace(/^\s*---[ \t]*\r?\n[\s\S]*?\r?\n(?:---|\.\.\.)[ \t]*(?:\r?\n|$)/, '')
    .replace(/<!--[\s\S]*?(?:-->|$)/g, '');
  return body
    .split(/\r?\n/)
    .every((line) => /^\s*(#.*|([-*_=]\s*){3,}|`{3,}.*|~{3,}.*|>|([-*+]|\d{1,9}[.)])(\s*\[[ x]?\])?)?\s*$/i.test(line));
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
  return hours === undefined || isInside(hours, clockOf(hours.timezone ?? ownersZone)(now));
}

const minuteMs = 60_000;
/** Longer than a day, since the hours of one may begin later on the day when the clocks change. */
const longestSearch = 50 * 60;

/**
 * The first minute after `after` (epoch ms) in which the hours begin. Minute by minute, so that days of 23 and 25 hours need no
 * rule of their own: a beginning that the clocks leap over is the first minute after the leap.
 */
export function nextStart(hours: ActiveHours, after: number, ownersZone = 'local'): number {
  const clock = clockOf(hours.timezone ?? ownersZone);
  let at = Math.floor(after / minuteMs) * minuteMs;
  let before = isInside(hours, clock(at));
  for (let count = 0; count < longestSearch; count += 1) {
    at += minuteMs;
    const inside = isInside(hours, clock(at));
    if (inside && !before) break;
    before = inside;
  }
  return at;
}

/** Gives a time as `HH:MM` of the zone. */
function clockOf(timezone: string): (ms: number) => string {
  const format = new Intl.DateTimeFormat('en-GB', {
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
    ...(timezone === 'local' ? {} : { timeZone: timezone }),
  });
  return (ms) => format.format(ms);
}

function isInside({ start, end }: ActiveHours, clock: string): boolean {
  return start < end ? start <= clock && clock < end : start <= clock || clock < end;
}
