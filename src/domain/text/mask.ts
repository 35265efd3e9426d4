/** A text in which known secrets are written as `***`. */
export type Mask = (text: string) => string;

/** Shorter words than these would be found in the middle of others. */
const shortest = { word: 8, withDigits: 6 };
/** What is in use beyond this is not known to be secret any more; nobody has so many. */
const mostSecrets = 1000;

/**
 * Masks these values wherever they stand in a text, however they are written there: as they are, on one line, within JSON, in a
 * URL, in base64; and what any URL has before its host. Values too short to be told from words stay. A text is looked through
 * once, however many secrets there are.
 */
export function createMask(secrets: Iterable<string>): Mask {
  const values = [...new Set([...secrets].map((value) => value.trim()))].filter(isLongEnough).slice(0, mostSecrets);
  const forms = [...new Set(values.flatMap(formsOf))].toSorted((a, b) => b.length - a.length);
  if (forms.length === 0) return withoutCredentials;
  const known = new RegExp(forms.map((form) => form.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')).join('|'), 'g');
  return (text) => withoutCredentials(text.replace(known, '***'));
}

function isLongEnough(value: string): boolean {
  if (value.length >= shortest.word) return true;
  return value.length >= shortest.withDigits && /\d/.test(value) && /\D/.test(value);
}

/** `postgres://user:password@host` */
function withoutCredentials(text: string): string {
  return text.includes('://') ? text.replace(/(:\/\/)[^\s/?#@:"'<>]*:[^\s/?#@"'<>]*@/g, '$1***@') : text;
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
const unicode = (sign: string) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`;

function formsOf(value: string): string[] {
  const json = JSON.stringify(value).slice(1, -1);
  const url = encodeURIComponent(value);
  const strict = url.replace(/[!'()*~]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
  const inUrl = [url, strict, url.replaceAll('%2F', '/'), strict.replaceAll('%2F', '/'), strict.replaceAll('%20', '+')];
  const inJson = [
    json,
    JSON.stringify(json).slice(1, -1),
    json.replaceAll('/', '\\/'),
    json.replace(/[^\w-]/g, unicode),
  ];
  const inHtml = value.replace(/[&<>"']/g, (sign) => entities[sign] ?? sign);
  const lowered = inUrl.map((form) => form.replace(/%../g, (code) => code.toLowerCase()));
  return [value, value.replace(/\s+/g, ' '), ...inJson, inHtml, ...inUrl, ...lowered, ...base64Of(value)];
}

/**
 * What base64 of any text has in it that has the value in it: which letters these are depends on how many bytes stand before
 * it. The letters at both ends are left out, since what stands beside it changes them.
 */
function base64Of(value: string): string[] {
  const bytes = Buffer.from(value);
  const inside = [0, 1, 2].map((before) => {
    const text = Buffer.concat([Buffer.alloc(before), bytes])
      .toString('base64')
      .replace(/=+$/, '');
    const whole = Math.floor(((before + bytes.length) * 8) / 6);
    return text.slice(Math.ceil((before * 8) / 6), whole);
  });
  return inside
    .flatMap((text) => [text, text.replaceAll('+', '-').replaceAll('/', '_')])
    .filter((text) => text.length >= shortest.word);
}
