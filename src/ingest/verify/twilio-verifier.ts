import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { follow } from '../../domain/event.ts';
import { secretsOf, type Verify } from '../../domain/verify.ts';
import { decodeSignature } from './signature-key.ts';
import { headerOf, noSecret, type Refusal, refuse, type SignedRequest, type Verifier, verified } from './verifier.ts';

const signatureHeader = 'x-twilio-signature';
/** the same in each attempt */
const attemptHeader = 'i-twilio-idempotency-token';
const formType = 'application/x-www-form-urlencoded';

/**
 * Twilio signs the address as it calls it, query included, and the sorted fields of a form. Any other body it names by its
 * hash in the query. SHA-1 is what it offers.
 */
export function createTwilioVerifier(config: Verify): Verifier {
  const secrets = secretsOf(config);
  const addresses = withAndWithoutPort(config.url ?? '');
  const [first] = secrets;

  return {
    methods: ['POST'],
    credentials: { headers: [signatureHeader], query: [] },

    verify(request) {
      if (secrets.length === 0 || addresses.length === 0) return noSecret;
      const presented = headerOf(request.headers, signatureHeader);
      if (presented === undefined) {
        return refuse('header missing', `${signatureHeader} is missing: does this come from Twilio?`);
      }
      const signature = decodeSignature(presented, 'base64', 20);
      if (!signature) return refuse('malformed', `${signatureHeader} is not a SHA-1 signature in base64`);
      const fields = signedFields(request);
      if (typeof fields !== 'string') return fields;
      for (const secret of secrets) {
        for (const address of addresses) {
          if (timingSafeEqual(digest(secret, address + request.search + fields), signature)) return verified;
        }
      }
      return refuse(
        'no match',
        'no configured secret matches the signature: compare it with the auth token in the Twilio console, and verify.url with the address that Twilio calls',
      );
    },

    handshake: () => null,

    /** One message or call brings many requests with the same SID, so the hash of the body has to join it. */
    identify({ headers }, payload) {
      const ids = [
        headerOf(headers, attemptHeader),
        ...['MessageSid', 'CallSid'].map((name) => follow(payload, [name])),
      ];
      const id = ids.find((candidate) => typeof candidate === 'string' && candidate !== '');
      return { ok: true, deliveryId: typeof id === 'string' ? id : null, idIsSigned: false };
    },

    restamp: (payload) => payload,
    ...(first !== undefined && {
      sign: (body, { id }) => ({
        'content-type': formType,
        [signatureHeader]: digest(first, (addresses[0] ?? '') + formFields(body)).toString('base64'),
        [attemptHeader]: id,
      }),
    }),
  };
}

function digest(secret: string, signed: string): Buffer {
  return createHmac('sha1', secret).update(signed).digest();
}

/** What is signed of the body, besides the address; a refusal where that would be nothing of a body that is there. */
function signedFields({ headers, query, rawBody }: SignedRequest): string | Refusal {
  const hash = query.bodySHA256;
  if (hash !== undefined) {
    if (createHash('sha256').update(rawBody).digest('hex') === hash.toLowerCase()) return '';
    return refuse('not covered', 'bodySHA256 is not the hash of the body: something on the way changes it');
  }
  if (rawBody.length === 0) return '';
  if (headers['content-type']?.toLowerCase().startsWith(formType)) return formFields(rawBody);
  return refuse('not covered', 'the signature says nothing about this body: it is no form, and bodySHA256 is missing');
}

/** The fields by name, each with its distinct values in order. */
function formFields(body: Buffer): string {
  const form = new URLSearchParams(body.toString());
  const names = [...new Set(form.keys())].toSorted();
  return names
    .map((name) =>
      [...new Set(form.getAll(name))]
        .toSorted()
        .map((value) => name + value)
        .join(''),
    )
    .join('');
}

/** Proxies and Twilio do not agree on whether the standard port is part of an address. */
function withAndWithoutPort(url: string): string[] {
  const [, scheme, host, port, rest] = /^(https?):\/\/(.+?)(:\d+)?(\/.*)?$/.exec(url) ?? [];
  if (scheme === undefined) return [];
  const other = port === undefined ? (scheme === 'https' ? ':443' : ':80') : '';
  return [url, `${scheme}://${host}${other}${rest ?? ''}`];
}
