import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { hookToken } from './gateway.ts';
import { deepHostileJson, hostileJson, hostileText, safetySwitches } from './hostile.ts';

/** A request, a character a byte. */
export interface HostileRequest {
  readonly bytes: string;
  /** whether a server can tell where it ends */
  readonly whole: boolean;
}

/** Stands in bodies, headers and queries, so that it is found wherever these get to. */
export const mark = 'Zq7MARKqZ';
/** Of the hook `signed`, which takes the scheme `github`. */
export const signingSecret = 'signing-secret-of-the-test';

const markedText = hostileText.map((text) => text + mark);
const nest = (levels: number, open: string, close: string) => `${open.repeat(levels)}1${close.repeat(levels)}`;

const step = fc.record(
  {
    id: fc.oneof(fc.constantFrom('first', 'second', ' first', '__proto__', ''), hostileText),
    name: fc.oneof(fc.constant(mark), hostileText),
    message: fc.oneof(
      markedText,
      fc.constantFrom('{{steps.first.outputText}}', '{{steps.first.error}}{{steps.x.error}}'),
    ),
    condition: fc.constantFrom('always', 'always', 'previous-success', 'previous-error', 'never'),
    thinking: fc.constantFrom('low', 'max', 'some'),
    model: fc.constantFrom('echo/echo', 'echo/echo', mark, 5),
  },
  { requiredKeys: ['id', 'name', 'message'] },
);
const goodSteps = fc.tuple(markedText, markedText).map(([message, then]) => [
  { id: 'first', name: mark, message },
  { id: 'second', name: mark, message: `{{steps.first.outputText}}${then}`, condition: 'previous-success' },
]);
const steps = fc.oneof(
  { weight: 4, arbitrary: goodSteps },
  { weight: 4, arbitrary: fc.array(step, { maxLength: 4 }) },
  { weight: 1, arbitrary: hostileJson },
  { weight: 1, arbitrary: fc.constantFrom(new Array(101).fill({}), new Array(9000).fill(0), { length: 1 }, null) },
);
/** Of a workflow, and most of it right. */
const workflow = fc
  .record({ id: fc.constant('w'), name: hostileText, steps: fc.oneof(goodSteps, steps), a: markedText })
  .map((known) => JSON.stringify({ wakeMode: 'next-heartbeat', ...known, ...safetySwitches }));

const fields = fc.record(
  {
    id: fc.oneof(fc.constantFrom('flow', 'w'), markedText),
    steps,
    deliver: fc.constantFrom(true, false, 'every-step', 'maybe'),
    continueOnError: fc.constantFrom(true, false, 0),
    a: markedText,
    b: hostileJson,
    list: fc.array(fc.oneof(markedText, fc.record({ a: hostileText, list: hostileJson })), { maxLength: 5 }),
    message: fc.oneof({ weight: 4, arbitrary: markedText }, { weight: 1, arbitrary: hostileJson }),
    text: fc.oneof({ weight: 4, arbitrary: markedText }, { weight: 1, arbitrary: hostileJson }),
    name: hostileText,
    sessionKey: hostileText,
    to: hostileText,
    mode: fc.constantFrom('next-heartbeat', 'next-heartbeat', 'never'),
    wakeMode: fc.constantFrom('next-heartbeat', 'next-heartbeat', 5),
    timeoutSeconds: fc.constantFrom(1, 86_400, 0, 1.5, '1'),
  },
  { requiredKeys: ['a', 'message', 'text'] },
);
const object = fc
  .tuple(fields, fc.array(fc.tuple(hostileText, deepHostileJson), { maxLength: 4 }))
  .map(([known, more]) => JSON.stringify({ ...Object.fromEntries(more), ...known, ...safetySwitches }));

/** JSON as no sender should write it, and what only looks like it. */
const oddJson = fc.constantFrom(
  nest(10_000, '[', ']'),
  nest(24_000, '[', ''),
  nest(5000, '{"a":', '}'),
  `{"a":"x","list":${nest(99, '[', ']')}}`,
  `{"list":${nest(100, '[', ']')}}`,
  `{"a":"${'[\\"{'.repeat(5000)}","list":["x"]}`,
  `{"a":"${'\\\\'.repeat(20_000)}","list":[]}`,
  `{"a":"x","list":[${'0,'.repeat(20_000)}0]}`,
  `{"a":"x","list":[${'{},'.repeat(300)}{}]}`,
  `{"list":[${'{"a":1},'.repeat(5000)}{}]}`,
  `{"a":"${'x'.repeat(40_000)}","list":[${'0,'.repeat(190)}0]}`,
  '{"a":"one","a":"two","list":[1],"list":[2]}',
  '{"__proto__":{"message":"x","text":"x"},"constructor":{"prototype":{"polluted":1}}}',
  '{"message":"x","text":"x","__proto__":{"polluted":1,"allowUnsafeExternalContent":true}}',
  '{"toString":1,"valueOf":1,"toJSON":1,"hasOwnProperty":1,"then":1,"length":-1,"a":"x"}',
  '{"a":1e999,"b":-1e999,"timeoutSeconds":1e999,"message":"x","list":[1e400]}',
  '{"a":-0,"b":1E-400,"list":[123456789012345678901234567890]}',
  '{"timeoutSeconds":9007199254740993,"message":"x"}',
  '\ufeff{"text":"x"}',
  ' \t\r\n{"text":"x","message":"x","a":"x"}\n\n',
  '{"text":"\\ud800","message":"\\udc00x","a":"\\ud83d","list":["\\udfff"]}',
  '{"text":"\\u0000","message":"\\u0000","name":"\\u0001","to":"\\u0085","a":"\\u0000"}',
  ...[
    'null',
    'true',
    '0',
    '""',
    '[]',
    '{}',
    '[[]]',
    'NaN',
    'undefined',
    "{'a':1}",
    '{"a":}',
    '{',
    '}',
    '"',
    '[1,]',
    '',
  ],
);
const invalidUtf8 = fc
  .constantFrom('ff', '22ff22', '7b2261223a22c328227d', '7b2261223a22eda080227d', 'efbbbf7b7d', 'fffe7b007d00', 'c0af')
  .map((hex) => Buffer.from(hex, 'hex'));
const formName = fc.oneof(hostileText, fc.constantFrom('payload', '__proto__', 'a'));
const form = fc
  .array(fc.tuple(formName, fc.oneof(hostileText, oddJson)), { maxLength: 5 })
  .map((pairs) => new URLSearchParams(pairs).toString());
const percents = fc
  .array(fc.constantFrom('%', '%2', '%00', '%ff', '%C3%28', '%zz', '+', '&', '=', 'payload=', '%5B', 'a'), {
    maxLength: 20,
  })
  .map((parts) => parts.join(''));

const body: fc.Arbitrary<Buffer> = fc.oneof(
  { weight: 10, arbitrary: object.map((text) => Buffer.from(text)) },
  { weight: 6, arbitrary: workflow.map((text) => Buffer.from(text)) },
  { weight: 3, arbitrary: oddJson.map((text) => Buffer.from(text)) },
  { weight: 1, arbitrary: hostileJson.map((value) => Buffer.from(JSON.stringify(value))) },
  { weight: 1, arbitrary: fc.oneof(form, percents).map((text) => Buffer.from(text)) },
  { weight: 1, arbitrary: invalidUtf8 },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)) },
  { weight: 1, arbitrary: fc.integer({ min: 49_000, max: 60_000 }).map((length) => Buffer.alloc(length, `"${mark}`)) },
);

const headerName = fc.oneof(
  fc.constantFrom('X-Any', 'Cookie', 'X-Forwarded-For', 'Expect', 'Content-Type', 'Idempotency-Key', 'Origin', 'Range'),
  fc.constantFrom(
    '__proto__',
    'constructor',
    'toString',
    'X-Hub-Signature-256',
    'X-GitHub-Event',
    'Upgrade',
    'Trailer',
  ),
  fc.stringMatching(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,30}$/),
);
const headerByte = fc.integer({ min: 0x20, max: 0xff }).filter((byte) => byte !== 0x7f);
const headerValue = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.constantFrom('', ' ', 'a, b', 'q'.repeat(2000), '1.2.3.4', '100-continue', 'wait=9', '"'),
  },
  { weight: 10, arbitrary: fc.array(headerByte, { maxLength: 40 }).map((bytes) => latin1(bytes) + mark) },
  { weight: 1, arbitrary: fc.constantFrom('\x00', 'x\x0bx', '\x7f', 'a\rb', 'a\nb: c', 'a\r\n b', 'q'.repeat(17_000)) },
);
const headers = fc
  .array(fc.tuple(headerName, headerValue), { maxLength: 6 })
  .map((pairs) => pairs.map(([name, value]) => `${name}: ${value}`));
const contentType = fc.constantFrom('application/json', 'application/x-www-form-urlencoded', 'text/plain', ';;;', '');

const hook = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.constantFrom(
      'mapped',
      'batch',
      'changed',
      'checked',
      'signed',
      'wake',
      'agent',
      'workflow',
      'workflow',
      'workflow',
      'workflow',
      'flow',
      'runs',
      'nobody',
    ),
  },
  { weight: 1, arbitrary: hostileText.map(percentEncoded) },
  { weight: 1, arbitrary: percents },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '',
      '/',
      '..',
      '%2e%2e%2fapi',
      '__proto__',
      'runs/%00',
      'runs/x/y',
      'wake/',
      'wake#',
      '\\',
    ),
  },
);
const route = fc.oneof(
  { weight: 12, arbitrary: hook.map((name) => `/hooks/${name}`) },
  {
    weight: 2,
    arbitrary: fc.constantFrom('/hook/spec', '/hook/spec', '/hook/spec', '/hook/nobody', '/hook/%', '/hook/'),
  },
  { weight: 1, arbitrary: fc.constantFrom('/', '*', '//', '/api/runs', '/metrics', '/%', '/\xa0#\xff', '?') },
  {
    weight: 1,
    arbitrary: fc.constantFrom('http://[', 'http://a:b:c/hooks/wake', 'http://gimli/hooks/wake', 'HTTP://x?y', 'x:y'),
  },
);
const query = fc.oneof(
  fc.constantFrom('', '', '?', '?a', `?a=${mark}&a=b`, '?token=', '?token=x', '?__proto__=x&constructor=y', '?%'),
  hostileText.map((text) => `?q=${percentEncoded(text)}${mark}`),
);
const method = fc.oneof(
  { weight: 16, arbitrary: fc.constant('POST') },
  { weight: 1, arbitrary: fc.constant('GET') },
  { weight: 1, arbitrary: fc.constantFrom('PUT', 'HEAD', 'OPTIONS', 'DELETE', 'TRACE', 'PROPFIND', 'NOPE', 'post') },
);
const framing = fc.oneof(
  { weight: 9, arbitrary: fc.constant('length' as const) },
  { weight: 4, arbitrary: fc.constant('chunked' as const) },
  { weight: 1, arbitrary: fc.constantFrom('too short' as const, 'both' as const, 'broken' as const) },
);

/** What proves a sender: to hooks that ask for a signature a good one, to others the token. */
const goodProof = fc.constantFrom(`Authorization: Bearer ${hookToken}`, `X-Gimli-Token: ${hookToken}`);
const badProof = fc.constantFrom(
  'X-Nothing: x',
  'Authorization: Bearer wrong',
  'Authorization:',
  'X-Gimli-Token: \xff',
  `Cookie: token=${hookToken}`,
  `X-Hub-Signature-256: sha256=${'0'.repeat(64)}`,
);

function requests(proof: fc.Arbitrary<string> | null): fc.Arbitrary<HostileRequest> {
  return fc
    .record({
      method,
      target: fc.tuple(route, query).map((parts) => parts.join('')),
      version: fc.constantFrom('1.1', '1.1', '1.1', '1.0'),
      proof: proof ?? goodProof,
      contentType,
      headers,
      framing,
      body,
    })
    .map(({ target, version, ...given }) => {
      const isSigned = proof === null && target.startsWith('/hooks/signed');
      const signature = () => createHmac('sha256', signingSecret).update(given.body).digest('hex');
      const { head, rest } = framed[given.framing](given.body);
      const lines = [
        `${given.method} ${target} HTTP/${version}`,
        'Host: gimli',
        'Connection: close',
        isSigned ? `X-Hub-Signature-256: sha256=${signature()}` : given.proof,
        `Content-Type: ${given.contentType}`,
        `X-Mark: ${mark}`,
        ...given.headers,
        ...head,
      ];
      const bytes = `${lines.join('\r\n')}\r\n\r\n${rest}`;
      return { bytes, whole: given.framing === 'length' || given.framing === 'chunked' };
    });
}

/** Requests of senders who prove who they are. */
export const knownRequests = requests(null);
/** Requests of senders who do not. */
export const strangersRequests = requests(badProof);

/** Known requests with some of their bytes changed, or one after the other with bytes between that are none. */
export const brokenRequests: fc.Arbitrary<HostileRequest> = fc.oneof(
  fc
    .tuple(
      knownRequests,
      fc.array(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(3), fc.nat(255)), {
        minLength: 1,
        maxLength: 5,
      }),
    )
    .map(([request, changes]) => ({ ...request, whole: false, bytes: changes.reduce(changed, request.bytes) })),
  fc.array(fc.oneof(knownRequests, fc.uint8Array({ maxLength: 30 })), { minLength: 2, maxLength: 4 }).map((all) => {
    const parts = all.map((one) =>
      'bytes' in one ? one.bytes.replace('Connection: close\r\n', '') : latin1([...one]),
    );
    return { bytes: parts.join(''), whole: false };
  }),
  fc.uint8Array({ maxLength: 300 }).map((bytes) => ({ bytes: latin1([...bytes]), whole: false })),
);

/** Most of the changes are in the head, where they do most. */
function changed(bytes: string, [where, removed, added]: readonly [number, number, number]): string {
  const at = Math.floor(where ** 2 * bytes.length);
  return bytes.slice(0, at) + String.fromCharCode(added) + bytes.slice(at + removed);
}

const framed: Record<'length' | 'chunked' | 'too short' | 'both' | 'broken', (data: Buffer) => Framed> = {
  length: (data) => ({ head: [`Content-Length: ${data.length}`], rest: data.toString('latin1') }),
  chunked: (data) => ({ head: ['Transfer-Encoding: chunked'], rest: chunks(data) }),
  'too short': (data) => ({ head: [`Content-Length: ${data.length + 5}`], rest: data.toString('latin1') }),
  both: (data) => ({ head: [`Content-Length: ${data.length}`, 'Transfer-Encoding: chunked'], rest: chunks(data) }),
  broken: (data) => ({ head: ['Transfer-Encoding: chunked'], rest: `zz\r\n${data.toString('latin1')}` }),
};
interface Framed {
  readonly head: readonly string[];
  readonly rest: string;
}

/** The body in two chunks, one of them with an extension, and a trailer after it. */
function chunks(data: Buffer): string {
  const middle = data.length >> 1;
  const parts = [data.subarray(0, middle), data.subarray(middle)].filter((part) => part.length > 0);
  const written = parts.map((part) => `${part.length.toString(16)};name=value\r\n${part.toString('latin1')}\r\n`);
  return `${written.join('')}0\r\nX-Trailer: ${mark}\r\n\r\n`;
}

function percentEncoded(text: string): string {
  return encodeURIComponent(text.toWellFormed()).slice(0, 3000);
}

function latin1(bytes: readonly number[]): string {
  return String.fromCharCode(...bytes);
}
