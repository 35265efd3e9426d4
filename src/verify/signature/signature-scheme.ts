import type { TProperties } from 'typebox';
import { type OptionsOf, secretsOf, type timedOptions } from '../options.ts';
import type { Scheme } from '../scheme.ts';
import { hmacKey, type VerifyKey } from './signature-key.ts';
import type { SignatureProfile } from './signature-profile.ts';
import { createSignatureJudge } from './signature-verifier.ts';

/** What is particular to a sender that signs the bytes of the body. */
interface SignatureRecord<Name extends string, Options extends TProperties>
  extends Omit<Scheme<Name, Options>, 'needs' | 'headers' | 'createJudge'> {
  /** `secret` alone unless given */
  readonly needs?: readonly string[];
  readonly signature: SignatureProfile;
  /** The keys that the configured secrets are, without those that cannot be one; the secrets as they stand unless given. */
  keysOf?(options: OptionsOf<Options>): VerifyKey[];
}

/** A scheme of a sender that signs the bytes of the body, always in the same way. */
export function signatureScheme<const Name extends string, Options extends TProperties>({
  needs = ['secret'],
  signature,
  keysOf = plainKeys,
  ...scheme
}: SignatureRecord<Name, Options>): Scheme<Name, Options> {
  return {
    ...scheme,
    needs,
    headers: signature.headers,
    createJudge(options, { now }) {
      const { toleranceSeconds } = options as OptionsOf<typeof timedOptions>;
      return createSignatureJudge(scheme.name, signature, { keys: keysOf(options), toleranceSeconds, now });
    },
  };
}

/** The configured secrets as keys, as they stand. */
export function plainKeys(options: OptionsOf<TProperties>): VerifyKey[] {
  return secretsOf(options).flatMap((secret) => hmacKey(Buffer.from(secret)) ?? []);
}
