import { createLocalJWKSet, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';
import { valueAt } from '../domain/event.ts';

/** The keys of an issuer, as `jwtVerify` asks for them. Rejects with KeysUnavailable where the key that a token names is not to be had. */
export type IssuerKeys = JWTVerifyGetKey;

/** Nothing is known against the token: its key cannot be asked for now, or is not there (yet). */
export class KeysUnavailable extends Error {}

const secondMs = 1000;
const hourMs = 3_600_000;
/** After so long the keys are looked at again, behind the back of who asks. */
const freshMs = hourMs;
/** So long an outage of their host goes unnoticed. */
const usableMs = 24 * hourMs;
/** Whoever sends a token chooses which key it names: one that is not known brings a look at the host no more often than this. */
const unknownKeyMs = 30 * secondMs;
/** Pauses after failures in a row. */
const firstPauseMs = secondMs;
const longestPauseMs = 60 * secondMs;
const fetchMs = 5 * secondMs;
const mostBytes = 256 * 1024;
const mostKeys = 100;

interface KeySet {
  readonly keyOf: JWTVerifyGetKey;
  readonly ids: ReadonlySet<unknown>;
  readonly fetchedAt: number;
}

/**
 * Keys that are fetched when first needed, one fetch at a time, and less and less often while that fails.
 * @param now in ms; unless given it is the time since the start, which nobody sets back
 */
export function createIssuerKeys(url: URL, now: () => number = () => performance.now()): IssuerKeys {
  let keys: KeySet | undefined;
  let failures = 0;
  let notBefore = Number.NEGATIVE_INFINITY;
  let underWay: Promise<void> | undefined;

  async function look(): Promise<void> {
    try {
      keys = { ...(await fetchKeys(url)), fetchedAt: now() };
      failures = 0;
      notBefore = Number.NEGATIVE_INFINITY;
    } catch {
      notBefore = now() + Math.min(longestPauseMs, firstPauseMs * 2 ** failures);
      failures += 1;
    }
  }

  /** Resolves when somebody has looked; at once where it is too early to. */
  async function refresh(): Promise<void> {
    if (now() < notBefore) return;
    underWay ??= look().finally(() => {
      underWay = undefined;
    });
    await underWay;
  }

  const ageOf = ({ fetchedAt }: KeySet) => now() - fetchedAt;

  return async (header, token) => {
    if (!keys || ageOf(keys) > usableMs) await refresh();
    else if (ageOf(keys) > freshMs) void refresh();
    if (!keys || ageOf(keys) > usableMs) throw new KeysUnavailable('the keys of the issuer cannot be fetched');
    if (header?.kid !== undefined && !keys.ids.has(header.kid)) {
      if (ageOf(keys) > unknownKeyMs) await refresh();
      if (!keys.ids.has(header.kid)) throw new KeysUnavailable('the issuer does not name the key of this token');
    }
    return keys.keyOf(header, token);
  };
}

async function fetchKeys(url: URL): Promise<Omit<KeySet, 'fetchedAt'>> {
  const signal = AbortSignal.timeout(fetchMs);
  const response = await fetch(url, { headers: { accept: 'application/json' }, redirect: 'manual', signal });
  if (response.status !== 200) {
    await response.body?.cancel();
    throw new Error(`the host of the keys answered ${response.status}`);
  }
  const set: unknown = JSON.parse(await readText(response));
  const list = valueAt(set, ['keys']);
  // An empty list is no word about the keys that were there.
  if (!Array.isArray(list) || list.length === 0 || list.length > mostKeys) throw new Error('this is no set of keys');
  return {
    keyOf: createLocalJWKSet(set as JSONWebKeySet),
    ids: new Set(list.map((key: unknown) => valueAt(key, ['kid']))),
  };
}

/** Stops at the most that a set of keys may have. */
async function readText({ body }: Response): Promise<string> {
  const parts: Uint8Array[] = [];
  let length = 0;
  // Leaving the loop cancels the rest.
  for await (const part of body ?? []) {
    length += part.length;
    if (length > mostBytes) throw new Error('the set of keys is too large');
    parts.push(part);
  }
  return Buffer.concat(parts).toString();
}
