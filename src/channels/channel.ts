import type { Logger } from 'pino';
import type { TSchema } from 'typebox';

/** A reply, or a message to the owner, on its way out. */
export interface Message {
  /** the recipient; undefined: the channel's own default */
  readonly to: string | undefined;
  readonly text: string;
  readonly runId: string;
}

/** One try at sending a message. */
export interface Sending {
  /** the same at every try, for messengers that tell repetitions by an id */
  readonly deliveryId: string;
  /** which try this is, from 1; those that a stop or a crash cut off count, too */
  readonly attempt: number;
  /** aborts at the deadline, and when the gateway stops */
  readonly signal: AbortSignal;
}

/** What a messenger has. */
export interface Sent {
  /** the messenger's own id of the message, or of its first part */
  readonly messageId?: string;
  /**
   * Whether the recipient may have it twice. Unless given, that is so where an earlier try ended without a word on whether it came; a
   * channel whose messenger tells repetitions says `false`.
   */
  readonly maybeTwice?: boolean;
}

/** An outbound messenger. Retries, order, deadlines and status are the runtime's. */
export interface Channel {
  /**
   * Resolves once the messenger has the text. Throws a `DeliveryError` where it will not take it, and the signal's reason when that
   * aborts: nothing is sent after that which has not begun. Whatever else it throws is taken for an error that may pass.
   */
  send(message: Message, sending: Sending): Promise<Sent>;
  /** Lets go of what it holds open. Nothing is sent after it; what is under way may end. To close twice is to close once. */
  close?(): Promise<void>;
}

/** What every channel is given. */
export interface ChannelDeps {
  readonly log: Logger;
}

/** A line of the catalogue: what there is to know of a messenger before anybody uses it. */
export interface ChannelKind {
  /** as configs and callers write it */
  readonly name: string;
  /** `channels.<name>` of the config: the channel is there where that is. Undefined: it needs no settings and is always there. */
  readonly settings: TSchema | undefined;
  /** `settings` are what its schema lets through. Makes no connection and reads no file: that is for the first `send`. */
  create(settings: never, deps: ChannelDeps): Channel;
  /** What is wrong with the form of a recipient, for people; undefined where nothing is. */
  checkTo(to: string): string | undefined;
}
