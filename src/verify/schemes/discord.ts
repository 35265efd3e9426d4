import { Type } from 'typebox';
import { valueAt } from '../../domain/event.ts';
import { decodeSecret } from '../encoding.ts';
import { text, toleranceSeconds } from '../options.ts';
import { ed25519Key } from '../signature/signature-key.ts';
import { signatureScheme } from '../signature/signature-scheme.ts';

export const discord = signatureScheme({
  name: 'discord',
  options: {
    publicKey: Type.String({ ...text, description: "the application's public key, in hex." }),
    toleranceSeconds,
  },
  needs: ['publicKey'],
  keysOf: ({ publicKey = '' }) => [keyOf(publicKey) ?? []].flat(),
  check: ({ publicKey }) =>
    typeof publicKey !== 'string' || keyOf(publicKey)
      ? []
      : [{ path: '/publicKey', message: "expected the application's public key, 64 hex digits" }],
  handshake: (_, payload) =>
    valueAt(payload, ['type']) === 1 ? { status: 200, contentType: 'application/json', body: '{"type":1}' } : null,
  signature: {
    secretAt: 'the public key under General Information of the Discord application',
    ifMissing: 'does this come from Discord?',
    headers: [{ signatures: ['x-signature-ed25519'], timestamp: 'x-signature-timestamp' }],
    ed25519: { prefix: '', encoding: 'hex' },
    signed: '{timestamp}{body}',
    timestamp: { in: 'header', unit: 's', toleranceSeconds: 300 },
    idInPayload: ['id'],
  },
});

function keyOf(publicKey: string) {
  return ed25519Key(decodeSecret(publicKey, 'hex'));
}
