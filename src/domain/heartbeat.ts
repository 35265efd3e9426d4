const token = 'HEARTBEAT_OK';

/**
 * What of a heartbeat's reply is worth sending: null where it only acknowledges (`HEARTBEAT_OK` at its start or end, markup
 * ignored, with at most `ackMaxChars` characters besides), the rest without the token where there is more, else the reply itself.
 */
export function withoutAck(reply: string, ackMaxChars: number): string | null {
  const text = reply.trim();
  if (text === '') return null;
  const markup = '(?:<[^>]*>|[*_`~\\s.!])*';
  const rest = text
    .replace(new RegExp(`^${markup}${token}(?![A-Z0-9_])${markup}`), '')
    .replace(new RegExp(`${markup}(?<![A-Z0-9_])${token}${markup}$`), '')
    .trim();
  if (rest === text) return reply;
  return [...rest].length <= ackMaxChars ? null : rest;
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
  /** an IANA name, or `local` */
  readonly timezone: string;
}

/** Whether `now` (epoch ms) lies inside the hours; a range may cross midnight. */
export function isActive(hours: ActiveHours | undefined, now: number): boolean {
  if (!hours) return true;
  const clock = new Intl.DateTimeFormat('en-GB', {
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
    ...(hours.timezone === 'local' ? {} : { timeZone: hours.timezone }),
  }).format(now);
  const { start, end } = hours;
  return start < end ? start <= clock && clock < end : start <= clock || clock < end;
}
