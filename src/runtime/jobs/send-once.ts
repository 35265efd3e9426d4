import type { Channel, Message, Sending, Sent } from '../../channels/channel.ts';
import { DeliveryError } from '../../channels/delivery-error.ts';
import { messageOf } from '../../domain/errors.ts';
import { limitTime } from '../attempt/time-limit.ts';
import { Stopping } from '../worker.ts';

/** What came of an attempt at sending a message; undefined where a stop of the worker cut it off. */
export type SendOutcome = { readonly sent: Sent } | { readonly failed: DeliveryError } | undefined;

interface Attempt extends Omit<Sending, 'signal'> {
  /** of the channel, for people */
  readonly name: string;
  readonly channel: Channel;
  readonly deadlineMs: number;
}

/**
 * One attempt at sending a message. It ends at its deadline and when the worker stops, whatever the channel does: one that does not
 * heed the signal is left to itself.
 */
export async function sendOnce(
  { name, channel, deadlineMs, ...sending }: Attempt,
  message: Message,
  stopping: AbortSignal,
): Promise<SendOutcome> {
  const late = () =>
    new DeliveryError(`the channel ${name} did not answer within ${deadlineMs / 1000} s; the message may have come`, {
      retryable: true,
      mayHaveCome: true,
    });
  const limit = limitTime(deadlineMs, late, stopping);
  const { signal } = limit;
  const broken = Promise.withResolvers<never>();
  const breakOff = () => broken.reject(signal.reason);
  signal.addEventListener('abort', breakOff);
  try {
    signal.throwIfAborted();
    // Within a function, so that an error thrown at once is one like the others.
    const sent = (async () => channel.send(message, { ...sending, signal }))();
    return { sent: await Promise.race([sent, broken.promise]) };
  } catch (error) {
    if (error instanceof Stopping) return undefined;
    return { failed: error instanceof DeliveryError ? error : untold(name, error) };
  } finally {
    signal.removeEventListener('abort', breakOff);
    limit.clear();
  }
}

/** What a channel throws besides are the words of nobody knows whom, and whether the message has come is not known either. */
function untold(name: string, error: unknown): DeliveryError {
  const options = { retryable: true, mayHaveCome: true, said: messageOf(error), cause: error };
  return new DeliveryError(`the channel ${name} could not send it`, options);
}
