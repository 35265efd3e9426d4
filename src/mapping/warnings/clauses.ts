import { pathSegments } from '../../domain/event.ts';
import type { MappingRule } from '../settings/mapping-schema.ts';

type Match = NonNullable<MappingRule['match']>;
export type Condition = NonNullable<Match['payload']>[string];

/** A condition of a `match`. */
export interface Clause {
  /** JSON pointer segments below the rule */
  readonly at: readonly string[];
  readonly kind: 'header' | 'payload';
  /** a header in lower case; a path of the payload, of which there is one writing */
  readonly key: string;
  readonly condition: Condition;
}

export function clausesOf(match: Match = {}): Clause[] {
  const { source, headers = {}, payload = {} } = match;
  const ofPayload = (at: readonly string[], path: string, condition: Condition): Clause => ({
    at: ['match', ...at],
    kind: 'payload',
    key: pathSegments(path).join('.'),
    condition,
  });
  return [
    ...(source === undefined ? [] : [ofPayload(['source'], 'source', source)]),
    ...Object.entries(headers).map(
      ([name, condition]): Clause => ({
        at: ['match', 'headers', name],
        kind: 'header',
        key: name.toLowerCase(),
        condition,
      }),
    ),
    ...Object.entries(payload).map(([path, condition]) => ofPayload(['payload', path], path, condition)),
  ];
}

/** The pattern of a condition; undefined where it has literals. */
export function regexOf(condition: Condition): string | undefined {
  return typeof condition === 'object' && condition !== null && 'regex' in condition ? condition.regex : undefined;
}

export function literalsOf(condition: Condition): readonly (string | number | boolean | null)[] {
  if (typeof condition === 'object' && condition !== null && 'regex' in condition) return [];
  return Array.isArray(condition) ? condition : [condition];
}

/** Whether every event that fits the conditions `narrow` fits `wide` too, as far as can be told without an event. */
export function isWithin(narrow: readonly Clause[], wide: readonly Clause[]): boolean {
  return wide.every((clause) =>
    narrow.some(
      (one) => one.kind === clause.kind && one.key === clause.key && takesNoMore(one.condition, clause.condition),
    ),
  );
}

function takesNoMore(narrow: Condition, wide: Condition): boolean {
  const [pattern, literals] = [regexOf(wide), literalsOf(narrow)];
  if (pattern === undefined) return literals.length > 0 && literals.every((one) => literalsOf(wide).includes(one));
  if (literals.length === 0) return regexOf(narrow) === pattern;
  const regex = new RegExp(pattern, 'u');
  // A literal is short, and both are the owner's.
  return literals.every((one) => one !== null && regex.test(String(one)));
}
