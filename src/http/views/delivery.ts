import { type Static, Type } from 'typebox';
import type { Delivery } from '../../store/queries/deliveries.ts';
import { errorFor, type Reader } from './reader.ts';
import { count, orNull, time } from './shape.ts';

export const deliverySchema = Type.Object({
  channel: Type.String(),
  to: orNull(Type.String()),
  status: Type.Enum(['pending', 'sent', 'failed', 'skipped']),
  error: orNull(Type.String()),
  attempts: count,
  completedAt: orNull(time),
  messageId: orNull(Type.String({ description: 'What the messenger calls it.' })),
  maybeTwice: Type.Boolean({ description: 'It may have come twice: a try before was cut off.' }),
});

export function deliveryView(delivery: Delivery, reader: Reader): Static<typeof deliverySchema> {
  const { runId, channel, to, status, error, attempts, completedAt, messageId, maybeTwice } = delivery;
  const outcome = { status, error: errorFor(error, runId, reader), attempts, completedAt };
  return { channel, to, ...outcome, messageId, maybeTwice: maybeTwice === 1 };
}

/** A message that a run had its owner told. */
export const pingSchema = Type.Object({ text: orNull(Type.String()), ...deliverySchema.properties });

export function pingView(ping: Delivery): Static<typeof pingSchema> {
  return { text: ping.text, ...deliveryView(ping, 'owner') };
}
