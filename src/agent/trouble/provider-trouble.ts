import type { Trouble } from '../../domain/trouble.ts';
import type { Failure } from './failure.ts';
import { sortFailure } from './failure-rows.ts';

/** What went wrong with a provider, in our own words, before it is said of which model. `turnErrorOf` makes a `TurnError` of it. */
export class ProviderTrouble extends Error {
  override readonly name = 'ProviderTrouble';
  readonly trouble: Trouble;
  /** what the server or the model said, for the owner alone: they may repeat the payload, or a key */
  readonly said: string | undefined;
  /** the failure that the server has told of, if it has */
  readonly failure: Failure | undefined;
  constructor(
    trouble: Trouble,
    message: string,
    options: { said?: string | undefined; failure?: Failure; cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause });
    this.trouble = trouble;
    this.said = options.said;
    this.failure = options.failure;
  }
}

/** A failure that the server has told of. `how` is our word for the way in which it did. */
export function told(failure: Failure, how: string): ProviderTrouble {
  const [code] = failure.codes.filter(isPlainWord);
  const message = code === undefined ? how : `${how} ${code}`;
  return new ProviderTrouble(sortFailure(failure), message, {
    said: failure.words || failure.codes.join(' '),
    failure,
  });
}

/** How a failure is told of that comes as an answer. */
export const anErrorUnder200 = 'HTTP 200 with an error';

export function brokeOff(cause?: unknown): ProviderTrouble {
  return new ProviderTrouble('outage', 'the answer broke off before its end', { cause });
}

/** What came is no answer of the API. */
export function noAnswer(api: string): ProviderTrouble {
  return new ProviderTrouble('answer', `the answer is none of the ${api} API; check the provider's baseURL`);
}

/** A field of an answer that cannot be read. */
export function wrongShape(field: string, value: unknown): ProviderTrouble {
  const kind = value === null ? 'null' : Array.isArray(value) ? 'a list' : `of the type ${typeof value}`;
  return new ProviderTrouble('shape', `the answer cannot be read: its field ${field} is ${kind}`);
}

/** @param reason the model's words, or the vendor's for the kind of refusal */
export function refused(reason: unknown): ProviderTrouble {
  return because('refusal', 'the model refused', reason);
}

/** A failure for which there is a reason in words of the vendor, or of the model. */
export function because(trouble: Trouble, message: string, reason: unknown): ProviderTrouble {
  if (typeof reason !== 'string' || reason === '')
    return new ProviderTrouble(trouble, `${message} (it gave no reason)`);
  if (isPlainWord(reason)) return new ProviderTrouble(trouble, `${message} (${reason})`);
  return new ProviderTrouble(trouble, message, { said: reason });
}

/** True for a vendor's identifier, which is as good as a word of ours: no key and no sentence looks like one. */
export function isPlainWord(word: string): boolean {
  return /^[a-z]+(_[a-z]+)*$/i.test(word) && word.length <= 40;
}
