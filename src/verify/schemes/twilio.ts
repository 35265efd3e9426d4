import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { Type } from 'typebox';
import { valueAt } from '../../domain/event.ts';
import { secretOptions, secretsOf } from '../options.ts';
import { defineScheme } from '../scheme.ts';
import { decodeSignature } from '../signature/signature-key.ts';
import { headerOf, type Judge, noSecret, type Refusal, refusal, type SignedRequest, signerOf } from '../verifier.ts';

const signatureHeader = 'x-twilio-signature';
/** the same in each attempt */
const attemptHeader = 'i-twilio-idempotency-token';
/** Twilio sends a few dozen. */
const mostFields = 1000;
const formType = 'application/x-www-form-urlencoded';

/**
 * Twilio signs the address as it calls it, query included, and the sorted fields of a form. Any other body it names by its
 * hash in the query. SHA-1 is what it offers.
 */
export const twilio = defineScheme({
  name: 'twilio',
  options: {
    ...secretOptions,
    url: Type.String({
      pattern: '^https?://[^\\s/?#]+[^\\s?#]*$',
      title: 'an http or https address without a query',
      description: 'the public address of this hook, as Twilio calls it.',
    }),
  },
  needs: ['secret', 'url'],
  posts: 'form',
  createJudge: ({ url = '', ...secrets }) => createTwilioJudge(url, secretsOf(secrets)),
});

function createTwilioJudge(url: string, configured: readonly string[]): Judge {
  const secrets = configured.map((secret) => ({ secret, signer: signerOf('twilio', secret) }));
  const addresses = withAndWithoutPort(url);
  const [first] = secrets;

  return {
    signsBody: true,
    credentials: { headers: [signatureHeader], query: [] },

    verify(request) {
      if (secrets.length === 0 || addresses.length === 0) return noSecret;
      const presented = headerOf(request.headers, signatureHeader);
      if (presented === undefined) {
        return refusal('header missing', `${signatureHeader} is missing: does this come from Twilio?`);
      }
      const signature = decodeSignature(presented, 'base64', 20);
      if (!signature) return refusal('malformed', `${signatureHeader} is not a SHA-1 signature in base64`);
      const fields = signedFields(request);
      if (typeof fields !== 'string') return fields;
      for (const { secret, signer } of secrets) {
        for (const address of addresses) {
          if (timingSafeEqual(digest(secret, address + request.search + fields), signature))
            return { ok: true, signer };
        }
      }
      return refusal(
        'no match',
        'no configured secret matches the signature: compare it with the auth token in the Twilio console, and verify.url with the address that Twilio calls',
      );
    },

    /** One message or call brings many requests with the same SID, so the hash of the body has to join it. */
    identify({ headers }, payload) {
      const ids = [
        headerOf(headers, attemptHeader),
        ...['MessageSid', 'CallSid'].map((name) => valueAt(payload, [name])),
      ];
      const id = ids.find((candidate) => typeof candidate === 'string' && candidate !== '');
      return { ok: true, deliveryId: typeof id === 'string' ? id : null, idIsSigned: false };
    },

    restamp: (payload) => payload,
    ...(first !== undefined && {
      sign: (body, { id }) => ({
        'content-type': formType,
        [signatureHeader]: digest(
          first.secret,
          (addresses[0] ?? '') + formFields(new URLSearchParams(body.toString())),
        ).toString('base64'),
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
    return refusal('not covered', 'bodySHA256 is not the hash of the body: something on the way changes it');
  }
  if (rawBody.length === 0) return '';
  if (headers['content-type']?.toLowerCase().startsWith(formType)) {
    if (countFields(rawBody) > mostFields) return refusal('malformed', `the form has more than ${mostFields} fields`);
    return formFields(new URLSearchParams(rawBody.toString()));
  }
  return refusal('not covered', 'the signature says nothing about this body: it is no form, and bodySHA256 is missing');
}

/** At least as many as there are: counted before anything is made of them. */
function countFields(body: Buffer): number {
  let count = 1;
  for (let at = body.indexOf('&'); at !== -1 && count <= mostFields; at = body.indexOf('&', at + 1)) count += 1;
  return count;
}

/** The fields by name, each with its distinct values in order. */
function formFields(form: URLSearchParams): string {
  const values = new Map<string, Set<string>>();
  for (const [name, value] of form) values.set(name, (values.get(name) ?? new Set()).add(value));
  const names = [...values.keys()].toSorted();
  return names
    .map((name) =>
      [...(values.get(name) ?? [])]
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
