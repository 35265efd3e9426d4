import type { Trouble } from '../domain/trouble.ts';
import type { Failure } from './failure.ts';
import { sortFailure } from './failure-rows.ts';

/** What went wrong with a provider, before it is said of which model. `turnErrorOf` makes a `TurnError` of it. */
export class ProviderTrouble extends Error {
  override readonly name = 'ProviderTrouble';
  readonly trouble: Trouble;
  /** the message in our own words alone: a server may repeat the payload, or a key */
  readonly logged: string;
  /** what the server said, where it said that it failed */
  readonly failure: Failure | undefined;
  constructor(
    trouble: Trouble,
    message: string,
    options: { logged?: string; failure?: Failure | undefined; cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause });
    this.trouble = trouble;
    this.logged = options.logged ?? message;
    this.failure = options.failure;
  }
}

/** A failure that the server has told of. `how` is our word for the way in which it did. */
export function told(failure: Failure, how: string): ProviderTrouble {
  const [code] = failure.codes.filter(isPlainWord);
  const logged = code === undefined ? how : `${how} ${code}`;
  const message = `${how}: ${failure.words || failure.codes.join(' ') || 'without a word'}`;
  return new ProviderTrouble(sortFailure(failure), message, { logged, failure });
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
  const words = typeof reason === 'string' && reason !== '' ? reason : 'it gave no reason';
  const logged = isPlainWord(words) ? `the model refused (${words})` : 'the model refused';
  return new ProviderTrouble('refusal', `the model refused (${words})`, { logged });
}

/** True for a vendor's identifier, which may be logged: no key and no sentence looks like one. */
export function isPlainWord(word: string): boolean {
  return /^[a-z]+(_[a-z]+)*$/i.test(word) && word.length <= 40;
}
