/** When a prompt is made, and where its owner is. */
export interface PromptTime {
  /** epoch ms */
  readonly now: number;
  /** an IANA name, or `local` */
  readonly timezone: string;
  /** when the event came in that the prompt is about, epoch ms */
  readonly receivedAt?: number | undefined;
}

/** An event that is no older is not worth a word. */
const fresh = 2 * 60_000;

/** A line in our own words. It changes from prompt to prompt, so it stands behind all that a provider can cache. */
export function timeLine({ now, timezone, receivedAt = now }: PromptTime, isFirst = false): string {
  const { day, time, zone, offset } = clockAt(now, timezone);
  const line = `It is ${day}, ${time} in ${zone} (${offset}).`;
  if (now - receivedAt <= fresh) return line;
  const event = isFirst ? 'The first event' : 'The event';
  return `${line} ${event} came in ${ageOf(now - receivedAt)} ago, at ${clockAt(receivedAt, timezone).time}.`;
}

/** By zone, of which a config names one or two: to make one takes longer than all else in a prompt, and 100 KB. */
const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(timezone: string): Intl.DateTimeFormat {
  const made = formats.get(timezone);
  if (made) return made;
  const format = new Intl.DateTimeFormat('en-GB', {
    weekday: 'long',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
    timeZoneName: 'longOffset',
    ...(timezone === 'local' ? {} : { timeZone: timezone }),
  });
  formats.set(timezone, format);
  return format;
}

/** The last minute that was shown in a zone: a burst of prompts says the same. */
const shown = new Map<string, { readonly minute: number; readonly clock: ReturnType<typeof showMinute> }>();

function clockAt(ms: number, timezone: string) {
  const minute = Math.floor(ms / 60_000);
  const last = shown.get(timezone);
  if (last?.minute === minute) return last.clock;
  const clock = showMinute(ms, timezone);
  shown.set(timezone, { minute, clock });
  return clock;
}

function showMinute(ms: number, timezone: string) {
  const format = formatOf(timezone);
  const parts = new Map(format.formatToParts(ms).map(({ type, value }) => [type, value]));
  const part = (type: Intl.DateTimeFormatPartTypes) => parts.get(type) ?? '';
  const offset = part('timeZoneName').replace('GMT', '');
  return {
    day: part('weekday'),
    time: `${part('year')}-${part('month')}-${part('day')} ${part('hour')}:${part('minute')}`,
    zone: format.resolvedOptions().timeZone,
    offset: `UTC${offset || '+00:00'}`,
  };
}

function ageOf(ms: number): string {
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 120) return `${minutes} minutes`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} hours` : `${Math.floor(hours / 24)} days`;
}
