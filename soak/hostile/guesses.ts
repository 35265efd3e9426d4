// Attacks on the proof: guesses of tokens and keys that nobody has.
import { randomBytes } from 'node:crypto';
import { part, type Target } from './attack.ts';
import { keyHosts } from './key-hosts.ts';
import { mark, post } from './requests.ts';

/** A token that was not there before. */
const guess = () => mark + randomBytes(8).toString('hex');

const places = ['/hooks/wake', '/hooks/agent', '/hooks/order', '/hook/none', '/api/runs', '/metrics'];

export function* tokenGuesses(n: number): Generator<Buffer> {
  for (let turn = n; ; turn += 1) {
    yield post(places[turn % places.length] ?? '/', [`Authorization: Bearer ${guess()}`], '{"text":"hello"}');
  }
}

/** A long name, another each time, and a token where none should be. */
export function* queryTokens(_: number, target: Target): Generator<Buffer> {
  const padding = 'A'.repeat(part(3000, target));
  for (;;) yield post(`/hooks/${guess()}${padding}?token=${guess()}`, []);
}

const base64 = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** Tokens in Google's form, each signed by a key that no key set has. */
export function* unknownKeys(n: number): Generator<Buffer> {
  for (let turn = n; ; turn += 1) {
    const hook = keyHosts[turn % keyHosts.length];
    yield post(`/hooks/${hook}`, [`Authorization: Bearer ${foreignToken()}`], '{"message":{}}');
  }
}

function foreignToken(): string {
  const now = Math.floor(Date.now() / 1000);
  const head = base64({ alg: 'RS256', typ: 'JWT', kid: guess() });
  const claims = base64({ iss: 'https://accounts.google.com', aud: 'gimli', email: mark, iat: now, exp: now + 3600 });
  return `${head}.${claims}.${randomBytes(256).toString('base64url')}`;
}
