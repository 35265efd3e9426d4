import { Type } from 'typebox';
import { decodeSecret } from '../encoding.ts';
import { keyEncodings, secretsOf, timedOptions } from '../options.ts';
import { ed25519Key, hmacKey, type VerifyKey } from '../signature/signature-key.ts';
import { signatureScheme } from '../signature/signature-scheme.ts';

type KeyEncoding = (typeof keyEncodings)[number];

export const standardWebhooks = signatureScheme({
  name: 'standard-webhooks',
  options: {
    ...timedOptions,
    keyEncoding: Type.Enum(keyEncodings, {
      description: 'how the secret is written, `base64` unless given. `utf8` takes it as it stands.',
    }),
  },
  keysOf: ({ keyEncoding, ...secrets }) => secretsOf(secrets).flatMap((secret) => keyOf(secret, keyEncoding) ?? []),
  checkSecret(secret, { keyEncoding = 'base64' }) {
    if (keyOf(secret, keyEncoding)) return null;
    if (secret.startsWith('whpk_')) return 'expected whpk_ and a public key of 32 bytes in base64';
    return `expected a secret written in ${keyEncoding}, with or without whsec_; keyEncoding: "utf8" takes it as it stands`;
  },
  signature: {
    secretAt: "the endpoint's signing secret at the sender",
    ifMissing: 'does the sender follow Standard Webhooks, and is signing switched on there?',
    headers: [
      { signatures: ['webhook-signature'], timestamp: 'webhook-timestamp', ids: ['webhook-id'] },
      { signatures: ['svix-signature'], timestamp: 'svix-timestamp', ids: ['svix-id'] },
    ],
    separator: ' ',
    hmac: { prefix: 'v1,', algorithm: 'sha256', encoding: 'base64' },
    ed25519: { prefix: 'v1a,', encoding: 'base64' },
    signed: '{id}.{timestamp}.{body}',
    timestamp: { in: 'header', unit: 's', toleranceSeconds: 300 },
  },
});

function keyOf(secret: string, keyEncoding: KeyEncoding = 'base64'): VerifyKey | null {
  if (secret.startsWith('whpk_')) return ed25519Key(decodeSecret(secret.slice('whpk_'.length), 'base64'));
  if (keyEncoding === 'utf8') return hmacKey(Buffer.from(secret));
  return hmacKey(decodeSecret(secret.replace(/^whsec_/, ''), keyEncoding));
}
