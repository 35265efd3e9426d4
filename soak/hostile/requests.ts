/** Stands in everything that strangers send, so that whatever of it is kept is found. */
export const mark = 'Zq7strangerqZ';

/** A request with the mark; `head` are more headers, one a line. */
export function post(path: string, head: readonly string[], body: string | Buffer = ''): Buffer {
  return Buffer.concat([openPost(path, [...head, `Content-Length: ${Buffer.byteLength(body)}`]), Buffer.from(body)]);
}

/** The head of a request, and nothing of the body that it announces. */
export function openPost(path: string, head: readonly string[]): Buffer {
  const lines = [`POST ${path} HTTP/1.1`, 'Host: gimli', `User-Agent: ${mark}`, ...head];
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
}

/** The same pieces over and over. */
export function* cycle(pieces: readonly Buffer[], from = 0): Generator<Buffer> {
  for (let turn = from; pieces.length > 0; turn += 1) yield pieces[turn % pieces.length] as Buffer;
}

/** Made when it is first asked for, and once for each scale: 5 MB need not be there twice. */
export function once<T>(make: (scale: number) => T): (scale: number) => T {
  const made = new Map<number, T>();
  return (scale) => {
    const there = made.get(scale);
    if (there !== undefined) return there;
    const value = make(scale);
    made.set(scale, value);
    return value;
  };
}

/** What `write` makes of 0, 1, 2 …, in one text. */
export function many(count: number, write: (n: number) => string): string {
  return Array.from({ length: count }, (_, n) => write(n)).join('');
}
