import type { IncomingHttpHeaders } from 'node:http';
import { valueAt } from '../../domain/event.ts';
import type { HeaderSet } from '../scheme.ts';
import {
  firstHeader,
  headerOf,
  type Judge,
  noSecret,
  type Refusal,
  refusal,
  type SignedRequest,
  signerOf,
  type Verdict,
} from '../verifier.ts';
import { checkClock, restamp } from './clock.ts';
import { createSignatureKey, type SignatureKey, type VerifyKey } from './signature-key.ts';
import type { SignatureProfile } from './signature-profile.ts';
import { signedMessage } from './signed-message.ts';

/** More are not a sender that replaces its secret, but somebody who wants us to calculate. */
const mostSignatures = 8;
/** What is looked at of a list, blanks and other schemes' signatures included. */
const mostItems = 64;

interface SignatureOptions {
  readonly keys: readonly VerifyKey[];
  /** as the sender has it unless given */
  readonly toleranceSeconds: number | undefined;
  /** epoch ms */
  readonly now: (() => number) | undefined;
}

/**
 * What judges requests that are signed in a way.
 * @param scheme its name
 */
export function createSignatureJudge(
  scheme: string,
  profile: SignatureProfile,
  { keys: configured, toleranceSeconds, now = Date.now }: SignatureOptions,
): Judge & { verify(request: SignedRequest): Verdict } {
  const keys = configured
    .flatMap((key) => createSignatureKey(profile, key) ?? [])
    .map((key) => ({ ...key, signer: signerOf(scheme, key.bytes) }));
  const message = signedMessage(profile.signed);
  const signsId = profile.signed.includes('{id}');
  const clock = profile.timestamp && {
    ...profile.timestamp,
    toleranceSeconds: toleranceSeconds ?? profile.timestamp.toleranceSeconds,
  };
  const clockInPayload = typeof clock?.in === 'object' && 'payload' in clock.in ? clock.in.payload : undefined;

  /** The timestamp as it was signed; '' where the profile signs none, or signs it within the body. */
  function timestampOf(headers: IncomingHttpHeaders, names: HeaderSet, items: readonly string[]): string | Refusal {
    if (!clock || clockInPayload) return '';
    let name = names.timestamp ?? '';
    let text = headerOf(headers, name);
    if (typeof clock.in === 'object' && 'item' in clock.in) {
      const prefix = clock.in.item;
      const found = items.filter((item) => item.startsWith(prefix));
      name = `${prefix} in ${names.signatures[0]}`;
      if (found.length > 1) return refusal('malformed', `${name} is there more than once`);
      text = found[0]?.slice(prefix.length);
    }
    if (text === undefined) return refusal('header missing', `${name} is missing: ${profile.ifMissing}`);
    return checkClock(name, text, clock, now()) ?? text;
  }

  return {
    signsBody: true,
    credentials: { headers: profile.headers.flatMap((names) => names.signatures), query: [] },

    verify({ headers, rawBody }) {
      if (keys.length === 0) return noSecret;
      const names = headersIn(profile, headers);
      const items = itemsOf(profile, names, headers);
      if (items.length === 0) {
        return refusal('header missing', `${names.signatures[0]} is missing: ${profile.ifMissing}`);
      }
      if (items.length > mostSignatures) {
        return refusal('malformed', `${names.signatures[0]} has more than ${mostSignatures} signatures`);
      }
      const id = signsId ? firstHeader(headers, names.ids ?? []) : '';
      if (id === null) return refusal('header missing', `${names.ids?.[0]} is missing: ${profile.ifMissing}`);
      const timestamp = timestampOf(headers, names, items);
      if (typeof timestamp !== 'string') return timestamp;

      const signed = message({ id, timestamp, body: rawBody });
      let shaped = false;
      for (const key of keys) {
        const own = items.filter((item) => item.startsWith(key.prefix));
        const signatures = own.flatMap((item) => key.decode(item.slice(key.prefix.length)) ?? []);
        if (signatures.length === 0) continue;
        shaped = true;
        if (key.matches(signed, signatures)) return { ok: true, signer: key.signer };
      }
      if (!shaped) return refusal('malformed', `${names.signatures[0]} holds nothing like ${shapeOf(profile)}`);
      return refusal(
        'no match',
        `no configured secret matches the signature: compare it with ${profile.secretAt}; if it is right, something on the way changes the body`,
      );
    },

    identify({ headers }, payload) {
      if (clock && clockInPayload) {
        const refusal = checkClock(clockInPayload.join('.'), String(valueAt(payload, clockInPayload)), clock, now());
        if (refusal) return refusal;
      }
      if (!profile.idInPayload) {
        const deliveryId = firstHeader(headers, headersIn(profile, headers).ids ?? []);
        const timelessBody = clockInPayload && JSON.stringify(restamp(payload, clockInPayload, 0));
        return { ok: true, deliveryId, idIsSigned: signsId, ...(timelessBody && { timelessBody }) };
      }
      const id = valueAt(payload, profile.idInPayload);
      return { ok: true, deliveryId: typeof id === 'string' && id !== '' ? id : null, idIsSigned: true };
    },

    restamp: (payload, stamp) => restamp(restamp(payload, profile.idInPayload, stamp.id), clockInPayload, stamp.now),

    ...signer(profile, keys, message),
  };
}

/** The set of names that the request uses. */
function headersIn({ headers: sets }: SignatureProfile, headers: IncomingHttpHeaders): HeaderSet {
  return sets.find((names) => firstHeader(headers, names.signatures) !== null) ?? sets[0];
}

function itemsOf({ separator = ',' }: SignatureProfile, names: HeaderSet, headers: IncomingHttpHeaders): string[] {
  const items = names.signatures.flatMap((name) => (headerOf(headers, name) ?? '').split(separator, mostItems));
  return items.map((item) => item.trim()).filter((item) => item !== '');
}

function shapeOf({ hmac, ed25519 }: SignatureProfile): string {
  const ways = [hmac, ed25519].filter((way) => way !== undefined);
  return ways
    .map(({ prefix, encoding }) => `${prefix === '' ? '' : `"${prefix}" and `}a signature in ${encoding}`)
    .join(' or ');
}

/** `sign`, where one of the keys can. */
function signer(
  profile: SignatureProfile,
  keys: readonly SignatureKey[],
  message: ReturnType<typeof signedMessage>,
): Pick<Judge, 'sign'> {
  const sign = keys.find((key) => key.sign)?.sign;
  if (!sign) return {};
  const [{ signatures, timestamp: timestampHeader, ids }] = profile.headers;
  const { timestamp: clock } = profile;
  return {
    sign(body, { id, now }) {
      const timestamp = String(clock?.unit === 'ms' ? now : Math.floor(now / 1000));
      const signature = sign(message({ id, timestamp, body }));
      const inItem = typeof clock?.in === 'object' && 'item' in clock.in ? `${clock.in.item}${timestamp},` : '';
      return {
        [signatures[0]]: inItem + signature,
        ...(timestampHeader !== undefined && { [timestampHeader]: timestamp }),
        ...(ids && { [ids[0]]: id }),
      };
    },
  };
}
