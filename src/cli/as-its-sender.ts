import { randomUUID } from 'node:crypto';
import { headerOfUtf8 } from '../domain/text/secret.ts';
import type { Mapping } from '../mapping/mapping.ts';
import type { Settings } from '../settings.ts';
import { schemeOf } from '../verify/catalog.ts';
import type { Verifier } from '../verify/verifier.ts';
import { CommandError } from './command-error.ts';

/** What is posted to a hook. */
export interface Message {
  readonly hook: string;
  /** names in lower case */
  readonly headers: Record<string, string>;
  readonly body: string;
}

/** The mapping that would take a message. */
export function takerOf({ table }: Pick<Settings, 'table'>, { hook, headers, body }: Message): Mapping | undefined {
  const context = { payload: JSON.parse(body), headers, query: {}, path: hook, now: new Date().toISOString() };
  return table.candidates(hook).find(({ match }) => match(context) === null);
}

/**
 * The message with the proof that its hook asks for: that of the mapping that would take it, or of the first there is. A sample of a
 * preset is proved as its service does, also where a mapping before the preset asks for less. Throws CommandError where only the
 * sender can make the proof.
 */
export function asItsSender(settings: Settings, message: Message, isSample = false): Message {
  const candidates = settings.table.candidates(message.hook);
  const ofPreset = isSample ? candidates.find(({ origin }) => origin === 'preset') : undefined;
  const mapping = ofPreset ?? takerOf(settings, message) ?? candidates[0];
  const verifier = mapping && settings.verifierOf(mapping);
  if (verifier) return signed(mapping, verifier, message);
  return withToken(message, settings.config.hooks.token);
}

export function withToken(message: Message, token: string | undefined): Message {
  return { ...message, headers: { ...message.headers, authorization: `Bearer ${headerOfUtf8(token ?? '')}` } };
}

/** A new delivery with this payload, as if it happened now. */
function signed({ id, verify }: Mapping, { restamp, sign }: Verifier, message: Message): Message {
  if (!sign) {
    throw new CommandError(
      `${id} asks for a proof (${verify?.scheme}) that only the sender can make, so a call of it cannot be made here`,
    );
  }
  const stamp = { id: randomUUID(), now: Date.now() };
  const payload: unknown = JSON.parse(message.body);
  const stamped = restamp(payload, stamp);
  const json = stamped === payload ? message.body : JSON.stringify(stamped);
  const body = verify && schemeOf(verify.scheme).posts === 'form' ? form(stamped) : json;
  return { ...message, headers: { ...message.headers, ...sign(Buffer.from(body), stamp) }, body };
}

function form(payload: unknown): string {
  if (typeof payload !== 'object' || payload === null)
    throw new CommandError('a form is made of the keys of an object');
  const fields = new URLSearchParams();
  for (const [name, value] of Object.entries(payload)) fields.set(name, String(value));
  return fields.toString();
}
