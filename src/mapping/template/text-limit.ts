import { type Action, textsOf } from '../../domain/action.ts';
import { InvalidEvent } from '../../domain/errors.ts';
import { type Context, resolveIn } from '../../domain/event.ts';
import { displayLength, type Reference, type Resolve, type Text } from '../../domain/text/text.ts';

/**
 * Counts what the texts of one event come to with the values in their places, action by action. Each call gives how long the
 * texts of that action are, in characters, and throws InvalidEvent as soon as all of them together are longer than the limit: a
 * text is a list of references, so nothing was built until then.
 */
export function countTexts(limit: number): (action: Action, context: Context) => number {
  let total = 0;
  return (action, context) => {
    const before = total;
    const lengthOf = lengthsIn(resolveIn(context));
    const count = (text: Text) => {
      for (const part of text) {
        total += typeof part === 'string' ? part.length : lengthOf(part);
        if (total > limit) throw tooLong(limit);
      }
    };
    count(keysOf(action));
    for (const text of textsOf(action)) count(text);
    if (action.kind === 'agent' && action.data) count(action.data);
    return total - before;
  };
}

/** What an action holds as text already, and keeps: each may hold a value from outside. */
function keysOf(action: Action): Text {
  const { dedupeKey = '' } = action;
  if (action.kind === 'wake') return [dedupeKey];
  const { name, sessionKey = '', to = '' } = action;
  const coalesce = action.kind === 'agent' ? (action.coalesce?.key ?? '') : '';
  return [dedupeKey, name, sessionKey, to, coalesce];
}

/** The lengths of values, each looked at once: a text may name a large one often. */
function lengthsIn(resolve: Resolve): (reference: Reference) => number {
  const known = new Map<string, number>();
  return ({ path, value }) => {
    if (value !== undefined) return displayLength(value);
    let length = known.get(path);
    if (length === undefined) {
      length = displayLength(resolve(path));
      known.set(path, length);
    }
    return length;
  };
}

/** @param limit characters */
export function tooLong(limit: number): InvalidEvent {
  const allowed = `with this event the texts have more than ${limit} characters together, all that hooks.maxTextChars allows`;
  return new InvalidEvent(`${allowed}; send less in one event, or name fewer and smaller values in the templates`);
}
