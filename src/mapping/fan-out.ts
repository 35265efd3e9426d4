import { InvalidEvent } from '../domain/errors.ts';
import { type Context, type Each, narrow, pathSegments, valueAt } from '../domain/event.ts';
import { ownerPath } from './template/template.ts';

/** What one action is about. */
export interface Element {
  readonly context: Context;
  readonly each: Each | undefined;
}

const maxElements = 200;

/**
 * Without `forEach` an event is one element, else it has one for each entry of that array. What `elements` gives throws an
 * InvalidEvent where the payload has no such array, or one of more than 200 entries. Throws an Error for a bad key.
 */
export function compileFanOut(key: string | undefined): (context: Context) => readonly Element[] {
  if (key === undefined) return (context) => [{ context, each: undefined }];
  ownerPath(key);
  if (pathSegments(key).length > 1)
    throw new Error(`expected the name of an array at the top of the payload, found "${key}"`);
  return (context) => {
    const list = valueAt(context.payload, [key]);
    if (!Array.isArray(list)) throw new InvalidEvent(`forEach: the payload has no array "${key}"`);
    if (list.length > maxElements) {
      throw new InvalidEvent(`forEach: "${key}" has ${list.length} elements; at most ${maxElements} are taken at once`);
    }
    return list.map((_, index) => ({ context: narrow(context, { key, index }), each: { key, index } }));
  };
}
