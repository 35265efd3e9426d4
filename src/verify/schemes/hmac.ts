import { Type } from 'typebox';
import type { Problem } from '../../schema/problem.ts';
import { decodeSecret } from '../encoding.ts';
import { headerName, idHeader, keyEncodings, type OptionsOf, secretsOf, text, timedOptions } from '../options.ts';
import { defineScheme } from '../scheme.ts';
import { hmacKey, type VerifyKey } from '../signature/signature-key.ts';
import type { SignatureProfile } from '../signature/signature-profile.ts';
import { createSignatureJudge } from '../signature/signature-verifier.ts';

const options = {
  ...timedOptions,
  header: Type.String({ ...headerName, description: 'holds the signature.' }),
  algorithm: Type.Enum(['sha1', 'sha256', 'sha512'], { default: 'sha256', description: 'the hash.' }),
  encoding: Type.Enum(['hex', 'base64'], { default: 'hex', description: 'how the signature is written.' }),
  prefix: Type.String({ default: '', description: 'what stands before the signature, such as `sha256=`.' }),
  keyEncoding: Type.Enum(keyEncodings, {
    description: 'how the secret is written, `utf8` unless given, which takes it as it stands.',
  }),
  signed: Type.String({
    ...text,
    default: '{body}',
    description: 'what is signed, of `{body}`, `{timestamp}` and `{id}`: `{timestamp}.{body}`.',
  }),
  timestampHeader: Type.String({ ...headerName, description: 'holds the signed timestamp.' }),
  timestampUnit: Type.Enum(['s', 'ms'], {
    default: 's',
    description: 'whether the timestamp counts seconds or milliseconds.',
  }),
  idHeader,
};
type Options = OptionsOf<typeof options>;

/** A sender that signs in a way of its own, which the options describe. */
export const hmac = defineScheme({
  name: 'hmac',
  options,
  needs: ['secret', 'header'],
  checkSecret: (secret, { keyEncoding }) =>
    keyOf(secret, keyEncoding)
      ? null
      : `expected a secret written in ${keyEncoding}; keyEncoding says how it is written`,
  check: signedParts,
  createJudge(config, { now }) {
    const keys = secretsOf(config).flatMap((secret) => keyOf(secret, config.keyEncoding) ?? []);
    return createSignatureJudge('hmac', profileOf(config), { keys, toleranceSeconds: config.toleranceSeconds, now });
  },
});

function keyOf(secret: string, keyEncoding: Options['keyEncoding']): VerifyKey | null {
  const isDecoded = keyEncoding === 'hex' || keyEncoding === 'base64';
  return hmacKey(isDecoded ? decodeSecret(secret, keyEncoding) : Buffer.from(secret));
}

function profileOf(config: Options): SignatureProfile {
  const { header = '', algorithm = 'sha256', encoding = 'hex', prefix = '', signed = '{body}' } = config;
  const { timestampHeader, timestampUnit = 's', idHeader: id } = config;
  return {
    secretAt: "the sender's, and the options of verify with how it signs",
    ifMissing: 'does the sender sign, and is this the header it signs in?',
    headers: [
      {
        signatures: [header.toLowerCase()],
        ...(timestampHeader !== undefined && { timestamp: timestampHeader.toLowerCase() }),
        ...(id !== undefined && { ids: [id.toLowerCase()] }),
      },
    ],
    // A prefix such as `v1,` cannot stand in a list that commas separate.
    ...(prefix.includes(',') && { separator: ' ' }),
    hmac: { prefix, algorithm, encoding },
    signed,
    ...(timestampHeader !== undefined && { timestamp: { in: 'header', unit: timestampUnit, toleranceSeconds: 300 } }),
  };
}

/** A timestamp or id that is not signed proves nothing, and one that is signed must come from somewhere. */
function signedParts(config: Options): Problem[] {
  const { signed = '{body}', timestampHeader, timestampUnit, toleranceSeconds } = config;
  if (typeof signed !== 'string') return [];
  const at = (path: string, message: string): Problem[] => [{ path, message }];
  const parts = [...signed.matchAll(/\{(\w*)\}/g)].map(([, name]) => name);
  const stranger = parts.find((name) => !['body', 'timestamp', 'id'].includes(name ?? ''));
  if (stranger !== undefined) return at('/signed', `expected {body}, {timestamp} and {id} only, found {${stranger}}`);
  if (!parts.includes('body')) return at('/signed', 'expected {body} in it, or anyone could change the body');
  const timed = parts.includes('timestamp');
  if (timed && timestampHeader === undefined) return at('/timestampHeader', 'missing; signed has a {timestamp}');
  if (parts.includes('id') && config.idHeader === undefined) return at('/idHeader', 'missing; signed has an {id}');
  if (timed) return [];
  return Object.entries({ timestampHeader, timestampUnit, toleranceSeconds })
    .filter(([, option]) => option !== undefined)
    .flatMap(([name]) => at(`/${name}`, 'would prove nothing: signed has no {timestamp}'));
}
