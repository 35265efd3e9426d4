/**
 * A message that a channel could not send. Its text is in our own words, says what would mend it, and may be logged: it repeats neither
 * the message nor a secret.
 */
export class DeliveryError extends Error {
  override readonly name = 'DeliveryError';
  /** whether time alone may mend it; else the delivery has failed at once */
  readonly retryable: boolean;
  /** how long the messenger asked to wait, in ms; 0 where it did not say */
  readonly retryAfterMs: number;
  /** whether the recipient may have the message all the same */
  readonly mayHaveCome: boolean;
  /** what the messenger said of it, which may repeat a message or a key: for the owner alone */
  readonly said: string | undefined;
  constructor(
    message: string,
    options: {
      retryable: boolean;
      retryAfterMs?: number;
      mayHaveCome?: boolean;
      said?: string | undefined;
      cause?: unknown;
    },
  ) {
    super(message, { cause: options.cause });
    this.retryable = options.retryable;
    this.retryAfterMs = options.retryAfterMs ?? 0;
    this.mayHaveCome = options.mayHaveCome ?? false;
    this.said = options.said || undefined;
  }
}
