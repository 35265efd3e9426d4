import { catalog } from '../../verify/catalog.ts';
import type { Scheme } from '../../verify/scheme.ts';

const schemes: readonly Scheme[] = catalog;
const headers = schemes.flatMap((scheme) => scheme.headers ?? []);
const signatures = new Set(headers.flatMap((names) => names.signatures));

/** What senders say of a delivery beside its signature, by any scheme: its time and its id. */
export const deliveryHeaders: ReadonlySet<string> = new Set(
  headers.flatMap(({ timestamp, ids = [] }) => [...(timestamp === undefined ? [] : [timestamp]), ...ids]),
);

// As a part of a word, or as a word of several that -, _ and . part.
const telling = /authori[sz]ation|cookie|token|secret|api[-_]?key|password|passwd|passphrase|signature|credential/;
const words =
  /(^|[-_.])(auth|sig|sign|hmac|jwt|otp|pwd|pass|session(-?id)?|sid|access[-_]?key|private[-_]?key)($|[-_.\d])/;
/** What is called a key and proves nobody. */
const keysOfEvents = new Set(['idempotency-key', 'x-event-key']);

/** Whether a header or parameter proves who somebody is, going by its name, in any case: then it travels nowhere. */
export function isCredentialName(name: string): boolean {
  const lower = name.toLowerCase();
  if (deliveryHeaders.has(lower) || keysOfEvents.has(lower)) return false;
  return signatures.has(lower) || telling.test(lower) || words.test(lower) || /[-_]key$/.test(lower);
}
