import { type Action, textsOf } from '../domain/action.ts';
import { InvalidEvent } from '../domain/errors.ts';
import type { Context } from '../domain/event.ts';
import type { Element } from './fan-out.ts';
import { type CompiledRule, makeAction } from './make-action.ts';
import { maxPieces, tooManyPieces } from './template/template.ts';
import { countTexts } from './template/text-limit.ts';
import type { Patch } from './transform/patch.ts';
import type { Transforms } from './transform/transform.ts';

/** Null where a transform said to skip the event. */
export type Actions = readonly Action[] | null;

const unchanged: Patch = {};

interface ActDeps {
  readonly transforms: Pick<Transforms, 'run'>;
  readonly maxTextChars: number;
  /** the id of the mapping, for the log */
  readonly mapping: string;
}

/** Makes the actions of an event, a promise of them only where a transform runs. What it gives throws InvalidEvent or TransformError. */
export function compileAct(
  compiled: CompiledRule,
  elementsOf: (context: Context) => readonly Element[],
  { transforms, maxTextChars, mapping }: ActDeps,
): (context: Context, rawBody: Buffer, eventId?: string) => Actions | Promise<Actions> {
  const { transform } = compiled.rule;
  return (context, rawBody, eventId) => {
    const elements = elementsOf(context);
    if (!transform) return actionsOf(elements, maxTextChars, (element) => makeAction(compiled, element, unchanged));
    return transforms.run(transform, elements, { rawBody, eventId, mapping, maxTextChars }).then((patches) => {
      const actions = actionsOf(elements, maxTextChars, (element, at) => {
        const patch = patches[at];
        return patch === null ? null : makeAction(compiled, element, patch ?? unchanged);
      });
      return actions.length === 0 && elements.length > 0 ? null : actions;
    });
  };
}

/** One action after the other, so that texts which are too much together are refused before they fill the memory. */
function actionsOf(
  elements: readonly Element[],
  maxTextChars: number,
  make: (element: Element, at: number) => Action | null,
): readonly Action[] {
  let pieces = 0;
  const count = countTexts(maxTextChars);
  return elements.flatMap((element, at) => {
    const action = named(element, () => make(element, at));
    if (!action) return [];
    pieces += textsOf(action).flat().length;
    if (pieces > maxPieces) throw tooManyPieces();
    const chars = count(action, element.context);
    return action.kind === 'agent' && action.coalesce ? { ...action, chars } : action;
  });
}

/** In a batch, an error says which element it is about. */
function named<T>({ each }: Element, make: () => T): T {
  if (!each) return make();
  try {
    return make();
  } catch (error) {
    if (!(error instanceof InvalidEvent)) throw error;
    throw new InvalidEvent(`${each.key}[${each.index}]: ${error.message}`, error.details);
  }
}
