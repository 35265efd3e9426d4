// Attacks by how a connection is used, or not used.
import { part, type Target } from './attack.ts';
import { cycle, many, mark, once, openPost, post } from './requests.ts';

const bytes = (text: string) => Buffer.from(text, 'latin1');

function* then(first: Buffer, forEver: Buffer): Generator<Buffer> {
  yield first;
  yield* cycle([forEver]);
}

/** Requests behind each other in one piece; half of them are answered without a proof, in as much as a stranger may read. */
const pipeline = once((scale) => {
  const pair = Buffer.concat([bytes('GET /healthz HTTP/1.1\r\nHost: gimli\r\n\r\n'), post('/hooks/wake', [])]);
  return Buffer.alloc(pair.length * part(30_000, { scale }), pair);
});

/** What no HTTP client would send, or none that means well. */
const broken = once((scale) => {
  const start = `POST /hooks/wake HTTP/1.1\r\nHost: gimli\r\nUser-Agent: ${mark}\r\n`;
  return [
    bytes(`${start}Host: other\r\nContent-Length: 2\r\n\r\n{}`),
    bytes(`POST /hooks/wake HTTP/2.0\r\nHost: gimli\r\nUser-Agent: ${mark}\r\nContent-Length: 2\r\n\r\n{}`),
    bytes(`POST /hooks/wake HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n`),
    bytes(`${start}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n`),
    bytes(`${start}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}`),
    bytes(`${start}Expect: ${mark}\r\nContent-Length: 2\r\n\r\n{}`),
    bytes(`${start}X-Big: ${'a'.repeat(part(100_000, { scale }))}\r\n\r\n`),
    bytes(`${start}${many(part(20_000, { scale }), (n) => `a${n}: b\r\n`)}\r\n`),
    bytes(`${start}${many(1900, () => 'a:b\r\n')}\r\n`),
    bytes(`POST /hooks/${'%'.repeat(part(10_000, { scale }))} HTTP/1.1\r\nHost: gimli\r\n\r\n`),
    bytes(`POST /hooks/%ff%00${mark} HTTP/1.1\r\nHost: gimli\r\n\r\n`),
    bytes('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
    bytes(`${'\x16\x03\x01\x02\x00\x01'.repeat(part(2000, { scale }))}${mark}`),
    Buffer.alloc(part(65_536, { scale }), 0),
  ];
});

export const slowBody = () =>
  then(openPost('/hooks/github', ['X-GitHub-Event: push', 'Content-Length: 5242880']), bytes('a'));

export const slowHeaders = () =>
  then(bytes('POST /hooks/github HTTP/1.1\r\nHost: gimli\r\n'), bytes(`X-More: ${mark}\r\n`));

export const blankLines = () => cycle([bytes('\r\n')]);

export const nothing = () => [];

export const pipelines = (_: number, { scale }: Target) => [pipeline(scale)];

export const brokenRequests = (n: number, { scale }: Target) => cycle(broken(scale), n);
