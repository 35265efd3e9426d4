// Attacks by what a body holds, and by how it does not end.
import { part, type Target } from './attack.ts';
import { cycle, many, mark, once, openPost, post } from './requests.ts';

const json = 'Content-Type: application/json';
const form = 'Content-Type: application/x-www-form-urlencoded';
const zeros = (bytes: number) => Buffer.alloc(bytes);
const wrongOfTwilio = `X-Twilio-Signature: ${zeros(20).toString('base64')}`;

/** What GitHub's header may be without being its signature: absent, misshapen, wrong. */
const wrongOfGithub = [
  [],
  ['X-Hub-Signature-256: sha256=none'],
  [`X-Hub-Signature-256: sha256=${zeros(32).toString('hex')}`],
];

/** Forms of as many names as fit into a body, as Twilio's signature sorts them. */
const forms = once((scale) => {
  const names = part(51_500, { scale });
  const bodies = [
    many(names, (n) => `&${n}=`),
    many(names / 2, (n) => `&a=${n}`),
    many(names / 4, (n) => `&a[b${n}][c]=`),
    many(names / 4, (n) => `&%C3%A4${n}=%`),
  ];
  return bodies.map((body) => post('/hooks/twilio', [form, wrongOfTwilio], `${mark}=${body}`.slice(0, 262_144)));
});

export const twilioForms = (n: number, { scale }: Target) => cycle(forms(scale), n);

const fiveMb = once((scale) => Buffer.alloc(part(5_242_880, { scale }), `{"${mark}":1}`));

/** All but the end of 5 MB, announced by its length. */
export const heldBody = (n: number, { scale }: Target) => held(n, scale, false);

/** The same as a chunk of 5 MB or of 64 GB, of which the end does not come. */
export const heldChunks = (n: number, { scale }: Target) => held(n, scale, true);

function held(n: number, scale: number, chunked: boolean): Buffer[] {
  const body = fiveMb(scale);
  const length = chunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${body.length}`;
  const head = openPost('/hooks/github', [json, 'X-GitHub-Event: push', length, ...(wrongOfGithub[n % 3] ?? [])]);
  const size = chunked ? Buffer.from(`${n % 2 === 0 ? body.length.toString(16) : 'fffffffff'}\r\n`) : Buffer.alloc(0);
  return [Buffer.concat([head, size]), body.subarray(0, body.length - 3)];
}

/** JSON that is dear to parse or to walk through. */
const oddBodies = once((scale) => {
  const deep = part(100_000, { scale });
  return [
    `${'['.repeat(deep)}"${mark}"${']'.repeat(deep)}`,
    `${'{"a":'.repeat(Math.floor(deep / 2))}"${mark}"`,
    `{${many(part(20_000, { scale }), (n) => `"k${n}":${n},`)}"${mark}":1}`,
    `{"email":"${'a'.repeat(part(120_000, { scale }))}${mark}"}`,
    `[${'1e400,'.repeat(part(30_000, { scale }))}"${mark}"]`,
  ].map((body) => Buffer.from(body));
});

/** Such JSON, at hooks of every kind of proof: one signature, as many as a header holds, and a token. */
export function* oddJson(n: number, { scale }: Target): Generator<Buffer> {
  const bodies = oddBodies(scale);
  const signatures = many(part(180, { scale }), () => `,v1=${'0'.repeat(64)}`);
  for (let turn = n; ; turn += 1) {
    const places: [string, string[]][] = [
      ['/hooks/github', ['X-GitHub-Event: issues', ...(wrongOfGithub[2] ?? [])]],
      ['/hooks/stripe', [`Stripe-Signature: t=${Math.floor(Date.now() / 1000)}${signatures}`]],
      ['/hooks/order', []],
    ];
    const [path, head] = places[turn % places.length] ?? ['/', []];
    yield post(path, [json, ...head], bodies[turn % bodies.length]);
  }
}
