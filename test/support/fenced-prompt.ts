export interface FencedPrompt {
  /** the prompt with `…` in place of the fence, and without the time in its last line */
  readonly outside: string;
  /** the lines of the fence: label and value */
  readonly data: readonly (readonly [label: string, text: string])[];
}

/** More than ends a line anywhere: no prompt of these has a control character in a line. */
const lineBreak = /\r\n|[\p{Cc}\p{Zl}\p{Zp}]/u;
const unseen = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}<>]/u;

/** The last line: nothing but what time it is, and how old the event. */
const aboutTime =
  /^It is \w+day, \d{4}-\d\d-\d\d \d\d:\d\d in [\w/+-]+ \(UTC[+-]\d\d:\d\d\)\.( The (first )?event came in \d+ (minutes|hours|days) ago, at \d{4}-\d\d-\d\d \d\d:\d\d\.)?$/;

/** Takes a prompt apart as strictly as a reader could, and throws where it is not what a prompt must be. */
export function parseFenced(prompt: string): FencedPrompt {
  const [, id = ''] = /^<data id="([0-9a-f]{32})">$/m.exec(prompt) ?? [];
  const rows = prompt.split(lineBreak);
  const [blank, time = ''] = rows.splice(-2);
  if (blank !== '' || !aboutTime.test(time)) throw new Error(`no line about the time: ${blank} | ${time}`);
  const start = rows.indexOf(`<data id="${id}">`);
  const end = rows.indexOf(`</data id="${id}">`);
  const marks = rows.filter((row) => row.includes(id));
  if (id === '' || start < 0 || end < start || marks.length !== 2) {
    throw new Error(`not one fence: ${marks.join(' | ')}`);
  }
  const inside = rows.slice(start + 1, end);
  const data = inside.join('\n') === '(no data)' ? [] : inside.map(parseLine);
  return { outside: [...rows.slice(0, start), '…', ...rows.slice(end + 1)].join('\n'), data };
}

/** A label has no quote, so the first one begins the value. */
function parseLine(row: string): [string, string] {
  const [, label = '', text = ''] = /^([^"]*?): (".*")$/u.exec(row) ?? [];
  const hidden = unseen.exec(row);
  if (text === '' || hidden) throw new Error(`not a line of data: ${JSON.stringify(row)} ${hidden ?? ''}`);
  return [JSON.parse(`"${label}"`), JSON.parse(text)];
}
