/** What a server sent back over a bare connection. */
export interface RawAnswer {
  readonly status: number;
  readonly text: string;
}

const beginning = 'HTTP/1.1 ';

/**
 * Takes apart all that a server sent, as strictly as a client could. Throws where it is anything but whole answers, each
 * guarded, of a known length, and JSON or nothing; or where one of them is a failure of the server's own.
 */
export function answersIn(received: string): RawAnswer[] {
  const answers: RawAnswer[] = [];
  let rest = Buffer.from(received);
  while (rest.length > 0) {
    const end = rest.indexOf('\r\n\r\n');
    const [first = '', ...lines] = rest.toString('latin1', 0, Math.max(0, end)).split('\r\n');
    const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(first)?.[1]);
    if (!status) throw new Error(`no answer: ${rest}`);
    rest = rest.subarray(end + 4);
    if (status === 100) continue;
    const headers = new Map(
      lines.map((line) => [line.replace(/:.*$/, '').toLowerCase(), line.replace(/^[^:]*: */, '')]),
    );
    const length = Number(headers.get('content-length') ?? 0);
    // An answer to HEAD says how long it would be, and is not.
    const body = rest.toString('latin1', 0, beginning.length) === beginning ? '' : rest.subarray(0, length);
    if (body.length > 0 && body.length < length) throw new Error(`cut off: ${first} ${body}`);
    const text = body.toString();
    rest = rest.subarray(body.length);
    const problem = problemOf(status, headers, text);
    if (problem) throw new Error(`${problem}: ${first} ${JSON.stringify([...headers])} ${text.slice(0, 500)}`);
    answers.push({ status, text });
  }
  return answers;
}

function problemOf(status: number, headers: ReadonlyMap<string, string>, text: string): string | null {
  if (status >= 500) return 'a failure of its own';
  if (headers.get('x-content-type-options') !== 'nosniff') return 'its kind could be guessed';
  if (headers.get('referrer-policy') !== 'no-referrer') return 'it tells where its reader comes from';
  if (headers.has('transfer-encoding')) return 'of unknown length';
  if (text === '' || (status === 200 && ['ok', 'ready'].includes(text))) return null;
  if (headers.get('content-type') !== 'application/json; charset=utf-8') return 'no JSON';
  const { ok, status: said, error } = JSON.parse(text);
  // Specs have answers of their own form.
  if ((ok ?? said === 'accepted') !== status < 400) return 'not as ok as it says';
  return status < 400 || typeof error === 'string' ? null : 'an error without words';
}
