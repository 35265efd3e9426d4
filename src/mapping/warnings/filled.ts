import { type Context, pathSegments, resolveIn, valueAt } from '../../domain/event.ts';
import { describeMiss } from '../../domain/miss.ts';
import { stepReference } from '../../domain/workflow.ts';
import { nearestKey, type Problem } from '../../schema/problem.ts';
import { compileFanOut } from '../fan-out.ts';
import { compileMatch } from '../match.ts';
import type { MappingRule } from '../settings/mapping-schema.ts';
import { compileTemplate } from '../template/template.ts';
import { tagsOf, templatesOf } from './tags.ts';

/** Events that a rule may be held against. */
export interface KnownEvents {
  readonly contexts: readonly Context[];
  /** Names so many of them: `the last 12 events of this hook`. */
  readonly called: (count: number) => string;
  /** Whether the rule should fit one of them at least. */
  readonly shouldFit: boolean;
}

/** Of a batch no more elements are looked at, and of all events no more paths. */
const mostElements = 20;
const mostPaths = 1000;
const deepest = 6;

/** What no event that is known of a rule fills or fits: a slip of the pen, more often than not. */
export function neverFilled(rule: MappingRule, known: KnownEvents): Problem[] {
  const match = compileMatch(rule.match);
  const taken = known.contexts.filter((context) => match(context) === null);
  if (taken.length === 0) {
    const [newest] = known.contexts;
    const miss = newest && match(newest);
    if (!miss || !known.shouldFit) return [];
    const of = known.called(known.contexts.length);
    return [{ path: '/match', message: `fits nothing of ${of}; the first: ${describeMiss(miss)}` }];
  }
  const elements = taken.flatMap((context) => elementsOf(rule.forEach, context));
  const paths = new Set<string>();
  for (const { payload } of elements) addPaths(payload, '', 0, paths);
  const named = [...paths];
  return templatesOf(rule).flatMap(({ path, text }) =>
    neverIn(text, elements).flatMap(({ name, isSection }): Problem[] => {
      const near = nearestKey(name, named);
      // A section says itself that its value need not be there.
      if (isSection && near === undefined) return [];
      const tag = `{{${isSection ? '#' : ''}${name}}}`;
      const advice = near === undefined ? '' : `; did you mean ${near}?`;
      return [{ path, message: `${tag} never had a value in ${known.called(taken.length)}${advice}` }];
    }),
  );
}

function elementsOf(forEach: string | undefined, context: Context): readonly Context[] {
  try {
    return compileFanOut(forEach)(context)
      .slice(0, mostElements)
      .map((element) => element.context);
  } catch {
    // An event without the array, which is refused.
    return [];
  }
}

/** The names in a template that had a value in none of the contexts, as they were written. */
function neverIn(text: string, contexts: readonly Context[]): { name: string; isSection: boolean }[] {
  const tags = tagsOf(text);
  const namesOf = (kind: string) => tags.filter((tag) => tag.kind === kind && tag.depth === 0).map(({ name }) => name);
  const sections = namesOf('section');
  // Who says what is to stand there without a value expects that.
  const optional = new Set(namesOf('inverted'));
  const written = new Set(tags.map(({ name }) => name));
  // Of the elements that a section walks through, each may lack what another has.
  const anyElement = (path: string) => (written.has(path) ? path : path.replace(/\[\d+\]/g, '[0]'));
  const template = compileTemplate(text, () => {});
  const filled = new Map<string, boolean>();
  for (const context of contexts) {
    for (const path of [...referencesOf(template, context), ...sections]) {
      const name = anyElement(path);
      filled.set(name, (filled.get(name) ?? false) || isThere(path, context));
    }
  }
  const never = [...filled].flatMap(([path, isFilled]) => (isFilled || optional.has(path) ? [] : path));
  return never
    .filter((path) => stepReference(path) === undefined)
    .map((path) => ({ name: path.replace(/^payload\./, ''), isSection: sections.includes(path) }));
}

function referencesOf(template: ReturnType<typeof compileTemplate>, context: Context): string[] {
  try {
    return template(context).flatMap((part) => (typeof part === 'string' ? [] : part.path));
  } catch {
    // An event for which the text is too much, which is refused.
    return [];
  }
}

/** Whether a path leads to a value, or to null on the way: that is how services say that there is none today. */
function isThere(path: string, context: Context): boolean {
  const segments = pathSegments(path);
  const resolve = resolveIn(context);
  return segments.some((_, at) => {
    const value = resolve(segments.slice(0, at + 1).join('.'));
    return value === null || (at === segments.length - 1 && value !== undefined);
  });
}

/** The paths of a payload's fields, of a list those of its first element. */
function addPaths(value: unknown, at: string, depth: number, paths: Set<string>): void {
  if (paths.size >= mostPaths) return;
  if (at !== '') paths.add(at);
  if (typeof value !== 'object' || value === null || depth === deepest) return;
  const children = Array.isArray(value) ? ['0'] : Object.keys(value).filter((key) => key.length <= 100);
  for (const key of children) {
    const below = Array.isArray(value) ? `${at}[0]` : at === '' ? key : `${at}.${key}`;
    addPaths(valueAt(value, [key]), below, depth + 1, paths);
  }
}
