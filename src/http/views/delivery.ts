import { type Static, Type } from 'typebox';
import type { Delivery } from '../../store/deliveries.ts';
import { errorFor, type Reader } from './reader.ts';
import { count, orNull, time } from './shape.ts';

export const deliverySchema = Type.Object({
  channel: Type.String(),
  to: orNull(Type.String()),
  status: Type.Enum(['pending', 'sent', 'failed', 'skipped']),
  error: orNull(Type.String()),
  attempts: count,
  completedAt: orNull(time),
});

export function deliveryView(
  { runId, channel, to, status, error, attempts, completedAt }: Delivery,
  reader: Reader,
): Static<typeof deliverySchema> {
  return { channel, to, status, error: errorFor(error, runId, reader), attempts, completedAt };
}

/** A message that a run had its owner told. */
export const pingSchema = Type.Object({ text: orNull(Type.String()), ...deliverySchema.properties });

export function pingView(ping: Delivery): Static<typeof pingSchema> {
  return { text: ping.text, ...deliveryView(ping, 'owner') };
}
