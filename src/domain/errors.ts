import type { RunErrorCode } from './run.ts';
import type { Mask } from './text/mask.ts';
import { withSaid } from './text/said.ts';
import { type Remedy, remedies, type Trouble } from './trouble.ts';

/** A bad config, preset or transform, found while loading. `problems` has one line for each, with file and line where known. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.problems = problems;
  }
}

/** An event that its mapping cannot turn into an action: the sender's fault, answered with 400. */
export class InvalidEvent extends Error {
  override readonly name = 'InvalidEvent';
  readonly details: readonly string[] | undefined;
  constructor(message: string, details?: readonly string[]) {
    super(message);
    this.details = details;
  }
}

/** A transform that threw, ran out of time or returned what is no patch: the owner's fault, answered with 500. */
export class TransformError extends Error {
  override readonly name = 'TransformError';
  /** what the log may say: the message, unless that repeats something of the payload */
  readonly logged: string;
  constructor(message: string, logged = message) {
    super(message);
    this.logged = logged;
  }
}

/** An event of a part of the settings that does not load: the owner's fault, answered with 503, since it can be sent again. */
export class PartBroken extends Error {
  override readonly name = 'PartBroken';
}

/** So much of what somebody else says is looked at. */
const longestSaid = 4000;

/**
 * A turn that brought no reply. The message is in our own words, and may be logged. `trouble` is the row of `remedies` that says
 * what can be done about it.
 */
export class TurnError extends Error {
  override readonly name = 'TurnError';
  readonly code: RunErrorCode;
  readonly trouble: Trouble;
  /** the provider, or `mcp:` and the server, at whose gate what needs it waits; undefined for trouble of the run alone */
  readonly gate: string | undefined;
  /** how long the provider asked to wait, in ms */
  readonly retryAfterMs: number;
  /** what a provider, a server of tools or a screener said of it, which may repeat a payload or a key: for the owner alone */
  readonly said: string | undefined;
  constructor(
    code: RunErrorCode,
    message: string,
    options: {
      trouble?: Trouble;
      gate?: string;
      retryAfterMs?: number;
      said?: string | undefined;
      cause?: unknown;
    } = {},
  ) {
    super(message, { cause: options.cause });
    this.code = code;
    this.trouble = options.trouble ?? usualTrouble[code] ?? 'ended';
    this.gate = this.remedy.again === 'gate' ? options.gate : undefined;
    this.retryAfterMs = options.retryAfterMs ?? 0;
    this.said = options.said?.slice(0, longestSaid) || undefined;
  }

  /** As records keep it. */
  get recorded(): string {
    return withSaid(this.message, this.said);
  }

  /** The same without known secrets; this very error where it has none. */
  masked(mask: Mask): TurnError {
    const { code, trouble, gate, retryAfterMs, cause } = this;
    const [message, said] = [mask(this.message), this.said && mask(this.said)];
    if (message === this.message && said === this.said) return this;
    return new TurnError(code, message, { trouble, ...(gate !== undefined && { gate }), retryAfterMs, said, cause });
  }

  get remedy(): Remedy {
    return remedies[this.trouble];
  }

  /** Whether time alone may mend it. */
  get mayPassByItself(): boolean {
    const { again, givesUp } = this.remedy;
    return again === 'run' || givesUp === true;
  }
}

/** What a code means by itself. */
const usualTrouble: Partial<Record<RunErrorCode, Trouble>> = {
  refusal: 'refusal',
  truncated: 'cut',
  model: 'model',
  provider: 'request',
  internal: 'ours',
};

/** The store cannot be opened or written: disk full, read-only, locked by another gateway. Nothing was accepted. */
export class StoreError extends Error {
  override readonly name = 'StoreError';
}

/** What went wrong, in words, whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The innermost cause's code, such as ECONNREFUSED; fetch hides it two errors deep. */
export function rootCode(cause: unknown): string | undefined {
  if (typeof cause !== 'object' || cause === null) return undefined;
  const { code, cause: inner } = cause as { code?: unknown; cause?: unknown };
  return rootCode(inner) ?? (typeof code === 'string' ? `(${code})` : undefined);
}
