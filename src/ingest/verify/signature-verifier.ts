import type { IncomingHttpHeaders } from 'node:http';
import { valueAt } from '../../domain/event.ts';
import { secretsOf, type Verify } from '../../domain/verify.ts';
import { verifyKey } from '../../domain/verify-key.ts';
import { checkClock } from './check-clock.ts';
import { restamp } from './restamp.ts';
import { createSignatureKey, type SignatureKey } from './signature-key.ts';
import type { HeaderSet, SignatureScheme } from './signature-scheme.ts';
import { signedMessage } from './signed-message.ts';
import { signerOf } from './signer.ts';
import {
  firstHeader,
  headerOf,
  noSecret,
  type Refusal,
  refusal,
  type SignedRequest,
  type Verdict,
  type Verifier,
  type VerifierDeps,
} from './verifier.ts';

/** More are not a sender that replaces its secret, but somebody who wants us to calculate. */
const mostSignatures = 8;
/** What is looked at of a list, blanks and other schemes' signatures included. */
const mostItems = 64;

/** The verifier that a scheme describes. */
export function createSignatureVerifier(
  scheme: SignatureScheme,
  config: Verify,
  { now = Date.now }: VerifierDeps = {},
): Verifier & { verify(request: SignedRequest): Verdict } {
  const keys = keysOf(scheme, config).map((key) => ({ ...key, signer: signerOf(config.scheme, key.bytes) }));
  const message = signedMessage(scheme.signed);
  const signsId = scheme.signed.includes('{id}');
  const clock = scheme.timestamp && {
    ...scheme.timestamp,
    toleranceSeconds: config.toleranceSeconds ?? scheme.timestamp.toleranceSeconds,
  };
  const clockInPayload = typeof clock?.in === 'object' && 'payload' in clock.in ? clock.in.payload : undefined;

  /** The timestamp as it was signed; '' where the scheme signs none, or signs it within the body. */
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
    if (text === undefined) return refusal('header missing', `${name} is missing: ${scheme.ifMissing}`);
    return checkClock(name, text, clock, now()) ?? text;
  }

  return {
    methods: ['POST'],
    signsBody: true,
    credentials: { headers: scheme.headers.flatMap((names) => names.signatures), query: [] },

    verify({ headers, rawBody }) {
      if (keys.length === 0) return noSecret;
      const names = headersIn(scheme, headers);
      const items = itemsOf(scheme, names, headers);
      if (items.length === 0) {
        return refusal('header missing', `${names.signatures[0]} is missing: ${scheme.ifMissing}`);
      }
      if (items.length > mostSignatures) {
        return refusal('malformed', `${names.signatures[0]} has more than ${mostSignatures} signatures`);
      }
      const id = signsId ? firstHeader(headers, names.ids ?? []) : '';
      if (id === null) return refusal('header missing', `${names.ids?.[0]} is missing: ${scheme.ifMissing}`);
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
      if (!shaped) return refusal('malformed', `${names.signatures[0]} holds nothing like ${shapeOf(scheme)}`);
      return refusal(
        'no match',
        `no configured secret matches the signature: compare it with ${scheme.secretAt}; if it is right, something on the way changes the body`,
      );
    },

    handshake: (_, payload) => scheme.handshake?.(payload) ?? null,

    identify({ headers }, payload) {
      if (clock && clockInPayload) {
        const refusal = checkClock(clockInPayload.join('.'), String(valueAt(payload, clockInPayload)), clock, now());
        if (refusal) return refusal;
      }
      if (!scheme.idInPayload) {
        const deliveryId = firstHeader(headers, headersIn(scheme, headers).ids ?? []);
        const timelessBody = clockInPayload && JSON.stringify(restamp(payload, clockInPayload, 0));
        return { ok: true, deliveryId, idIsSigned: signsId, ...(timelessBody && { timelessBody }) };
      }
      const id = valueAt(payload, scheme.idInPayload);
      return { ok: true, deliveryId: typeof id === 'string' && id !== '' ? id : null, idIsSigned: true };
    },

    restamp: (payload, stamp) => restamp(restamp(payload, scheme.idInPayload, stamp.id), clockInPayload, stamp.now),

    ...signer(scheme, keys, message),
  };
}

function keysOf(scheme: SignatureScheme, config: Verify): SignatureKey[] {
  const texts = config.scheme === 'discord' ? secretsOf({ secret: config.publicKey ?? '' }) : secretsOf(config);
  return texts.flatMap((text) => {
    const key = verifyKey(config, text);
    return (key && createSignatureKey(scheme, key)) ?? [];
  });
}

/** The set of names that the request uses. */
function headersIn({ headers: sets }: SignatureScheme, headers: IncomingHttpHeaders): HeaderSet {
  return sets.find((names) => firstHeader(headers, names.signatures) !== null) ?? sets[0];
}

function itemsOf({ separator = ',' }: SignatureScheme, names: HeaderSet, headers: IncomingHttpHeaders): string[] {
  const items = names.signatures.flatMap((name) => (headerOf(headers, name) ?? '').split(separator, mostItems));
  return items.map((item) => item.trim()).filter((item) => item !== '');
}

function shapeOf({ hmac, ed25519 }: SignatureScheme): string {
  const ways = [hmac, ed25519].filter((way) => way !== undefined);
  return ways
    .map(({ prefix, encoding }) => `${prefix === '' ? '' : `"${prefix}" and `}a signature in ${encoding}`)
    .join(' or ');
}

/** `sign`, where one of the keys can. */
function signer(
  scheme: SignatureScheme,
  keys: readonly SignatureKey[],
  message: ReturnType<typeof signedMessage>,
): Pick<Verifier, 'sign'> {
  const sign = keys.find((key) => key.sign)?.sign;
  if (!sign) return {};
  const [{ signatures, timestamp: timestampHeader, ids }] = scheme.headers;
  const { timestamp: clock } = scheme;
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
