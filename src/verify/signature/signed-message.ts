import type { SignedMessage } from './signature-key.ts';

export interface SignedParts {
  readonly body: Buffer;
  readonly timestamp: string;
  readonly id: string;
}

/** Compiles `{id}.{timestamp}.{body}` to what puts the parts in their places. */
export function signedMessage(template: string): (parts: SignedParts) => SignedMessage {
  // Every second piece of the split is a name.
  const pieces = template.split(/\{(body|timestamp|id)\}/).map((piece, index) => {
    return index % 2 === 1 ? (piece as keyof SignedParts) : Buffer.from(piece);
  });
  return (parts) =>
    pieces.map((piece) => {
      if (typeof piece !== 'string') return piece;
      // Node reads headers as latin1: this gives back the bytes that were sent.
      return piece === 'body' ? parts.body : Buffer.from(parts[piece], 'latin1');
    });
}
