import { valueAt } from './event.ts';
import { fitsHeader, unfitForHeader } from './secret.ts';
import { type Scheme, schemes, type Verify } from './verify.ts';
import { isSigningToken, verifyKey } from './verify-key.ts';

/** Something wrong with a `verify`; `path` is a JSON pointer within it. */
export interface VerifyProblem {
  readonly path: string;
  /** what would be right; never what was found where a secret should be */
  readonly message: string;
}

/** Their senders put the secret into a header as it stands; but not those of GitLab that sign. */
const presented: readonly Scheme[] = ['token', 'gitlab'];

type Option = Exclude<keyof Verify, 'scheme' | 'secrets'>;

/** `secret` stands for `secrets` as well. */
interface Options {
  readonly needs: readonly Option[];
  readonly may?: readonly Option[];
}

const plain: Options = { needs: ['secret'] };
const timed: Options = { needs: ['secret'], may: ['toleranceSeconds'] };

const options: Readonly<Record<Scheme, Options>> = {
  github: plain,
  gitlab: timed,
  gitea: plain,
  stripe: timed,
  slack: timed,
  shopify: plain,
  linear: timed,
  sentry: plain,
  pagerduty: plain,
  'standard-webhooks': { needs: ['secret'], may: ['toleranceSeconds', 'keyEncoding'] },
  hookdeck: plain,
  hmac: {
    needs: ['secret', 'header'],
    may: [
      'algorithm',
      'encoding',
      'prefix',
      'keyEncoding',
      'signed',
      'timestampHeader',
      'timestampUnit',
      'toleranceSeconds',
      'idHeader',
    ],
  },
  basic: { needs: ['user', 'secret'], may: ['idHeader'] },
  token: { needs: ['header', 'secret'], may: ['idHeader'] },
  twilio: { needs: ['secret', 'url'] },
  discord: { needs: ['publicKey'], may: ['toleranceSeconds'] },
  'google-oidc': { needs: ['audience', 'email'], may: ['jwksUrl'] },
  meta: { needs: ['secret', 'verifyToken'] },
};

/**
 * What the schema cannot say about a `verify`. The value may still be invalid: what is of the wrong type is left to the
 * schema's own message.
 */
export function checkVerify(value: unknown): VerifyProblem[] {
  const scheme = schemes.find((name) => name === valueAt(value, ['scheme']));
  if (scheme === undefined) return [];
  const verify = value as Verify;
  return [...missing(scheme, verify), ...misplaced(scheme, verify), ...secrets(verify), ...special(verify)];
}

function missing(scheme: Scheme, verify: Verify): VerifyProblem[] {
  const { needs } = options[scheme];
  return needs
    .filter((name) => !Object.hasOwn(verify, name) && !(name === 'secret' && Object.hasOwn(verify, 'secrets')))
    .map((name) => ({ path: `/${name}`, message: `missing; the scheme ${scheme} needs it` }));
}

function misplaced(scheme: Scheme, verify: Verify): VerifyProblem[] {
  const { needs, may = [] } = options[scheme];
  const known = new Set<string>([...needs, ...may, 'scheme', ...(needs.includes('secret') ? ['secrets'] : [])]);
  // What no scheme knows at all is the schema's to report.
  const elsewhere = Object.values(options).flatMap((all) => [...all.needs, ...(all.may ?? [])]);
  const foreign = Object.keys(verify).filter(
    (key) => !known.has(key) && (key === 'secrets' || elsewhere.some((name) => name === key)),
  );
  const expected = [...known].filter((key) => key !== 'scheme').join(', ');
  return foreign.map((key) => ({
    path: `/${key}`,
    message: `does not belong to the scheme ${scheme}, whose options are ${expected}`,
  }));
}

function secrets(verify: Verify): VerifyProblem[] {
  const { scheme, secret } = verify;
  if (!options[scheme].needs.includes('secret')) return [];
  const list = Array.isArray(verify.secrets) ? verify.secrets : [];
  if (secret !== undefined && list.length > 0) {
    return [{ path: '/secrets', message: 'expected secret or secrets, found both: put every secret into secrets' }];
  }
  const placed = [
    { path: '/secret', text: secret },
    ...list.map((text, index) => ({ path: `/secrets/${index}`, text })),
  ].filter((entry): entry is { path: string; text: string } => typeof entry.text === 'string');

  const signing = placed.some(({ text }) => isSigningToken(text));
  return placed.flatMap(({ path, text }) => {
    if (text.trim() === '') return [{ path, message: 'empty: nothing could prove itself with it' }];
    if (presented.includes(scheme) && !fitsHeader(text)) return [{ path, message: unfitForHeader }];
    if (scheme === 'gitlab' && signing !== isSigningToken(text)) {
      return [{ path, message: 'expected signing tokens (whsec_…) only or plain secret tokens only, found both' }];
    }
    if (scheme === 'gitlab' && !signing) return [];
    return verifyKey(verify, text) ? [] : [{ path, message: `expected ${writtenAs(verify, text)}` }];
  });
}

function writtenAs({ scheme, keyEncoding = 'base64' }: Verify, secret: string): string {
  if (scheme === 'hmac') return `a secret written in ${keyEncoding}; keyEncoding says how it is written`;
  if (secret.startsWith('whpk_')) return 'whpk_ and a public key of 32 bytes in base64';
  if (scheme === 'gitlab') return 'whsec_ and base64, as GitLab showed it';
  return `a secret written in ${keyEncoding}, with or without whsec_; keyEncoding: "utf8" takes it as it stands`;
}

function special(verify: Verify): VerifyProblem[] {
  switch (verify.scheme) {
    case 'hmac':
      return signedParts(verify);
    case 'discord':
      return typeof verify.publicKey !== 'string' || verifyKey(verify, verify.publicKey)
        ? []
        : [{ path: '/publicKey', message: "expected the application's public key, 64 hex digits" }];
    case 'google-oidc':
      return keyHost(verify.jwksUrl);
    case 'basic':
      return typeof verify.user === 'string' && verify.user.includes(':')
        ? [{ path: '/user', message: 'expected a name without a colon: it ends the name in HTTP' }]
        : [];
    case 'gitlab': {
      const tokens = [verify.secret, ...(Array.isArray(verify.secrets) ? verify.secrets : [])];
      const signing = tokens.some((token) => typeof token === 'string' && isSigningToken(token));
      return verify.toleranceSeconds === undefined || signing
        ? []
        : [{ path: '/toleranceSeconds', message: 'would be ignored: only signing tokens (whsec_…) have a timestamp' }];
    }
    default:
      return [];
  }
}

/** Whoever answers in place of the key host can sign anything. */
function keyHost(url: unknown): VerifyProblem[] {
  if (typeof url !== 'string') return [];
  const { protocol, hostname } = URL.parse(url) ?? {};
  const local = protocol === 'http:' && ['localhost', '127.0.0.1', '[::1]'].includes(hostname ?? '');
  if (protocol === 'https:' || local) return [];
  return [{ path: '/jwksUrl', message: 'expected an https address; http is for this machine only' }];
}

/** A timestamp or id that is not signed proves nothing, and one that is signed must come from somewhere. */
function signedParts(verify: Verify): VerifyProblem[] {
  const { signed = '{body}', timestampHeader, timestampUnit, toleranceSeconds, idHeader } = verify;
  if (typeof signed !== 'string') return [];
  const at = (path: string, message: string): VerifyProblem[] => [{ path, message }];
  const parts = [...signed.matchAll(/\{(\w*)\}/g)].map(([, name]) => name);
  const stranger = parts.find((name) => !['body', 'timestamp', 'id'].includes(name ?? ''));
  if (stranger !== undefined) return at('/signed', `expected {body}, {timestamp} and {id} only, found {${stranger}}`);
  if (!parts.includes('body')) return at('/signed', 'expected {body} in it, or anyone could change the body');
  const timed = parts.includes('timestamp');
  if (timed && timestampHeader === undefined) return at('/timestampHeader', 'missing; signed has a {timestamp}');
  if (parts.includes('id') && idHeader === undefined) return at('/idHeader', 'missing; signed has an {id}');
  if (timed) return [];
  return Object.entries({ timestampHeader, timestampUnit, toleranceSeconds })
    .filter(([, option]) => option !== undefined)
    .flatMap(([name]) => at(`/${name}`, 'would prove nothing: signed has no {timestamp}'));
}
