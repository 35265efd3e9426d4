import { messageOf } from '../domain/errors.ts';
import { type Context, valueAt } from '../domain/event.ts';
import type { Miss } from '../domain/miss.ts';
import { ExactNumber, isLiteral } from '../domain/payload/exact-number.ts';
import { oneLine } from '../domain/run.ts';
import { shorten } from '../domain/text/shorten.ts';
import { growthOf } from './payload/time-limit.ts';
import type { MappingRule } from './settings/mapping-schema.ts';
import { ownerPath } from './template/template.ts';

type FailedClause = Omit<Miss, 'mapping'>;

/** Null where the event matches. */
export type Match = (context: Context) => FailedClause | null;

/** Characters of what was wanted that a miss shows. */
const longestWanted = 200;

type Rule = NonNullable<MappingRule['match']>;
type Condition = NonNullable<Rule['payload']>[string];

interface Clause {
  readonly label: string;
  readonly wanted: string;
  found(context: Context): unknown;
  accepts(value: unknown): boolean;
}

/**
 * All clauses have to hold; `path` is the table's business. Header names in any case, payload paths from the payload's
 * top. A literal wants the same type too; null also accepts a value that is not there. Throws an Error naming a clause
 * that cannot work.
 * @param hide shows names of variables in place of what they hold, in words about the rule
 */
export function compileMatch(rule: Rule = {}, hide = asItIs): Match {
  const clauses = clausesOf(rule).map((clause) => ({ ...clause, wanted: hide(clause.wanted) }));
  return (context) => {
    for (const { label, wanted, found, accepts } of clauses) {
      const value = found(context);
      if (!accepts(value)) return { clause: label, wanted: shorten(wanted, longestWanted), found: show(value) };
    }
    return null;
  };
}

/** How many of the clauses hold for an event. */
export function compileHeld(rule: Rule = {}): (context: Context) => number {
  const clauses = clausesOf(rule);
  return (context) => clauses.filter(({ found, accepts }) => accepts(found(context))).length;
}

/** The clauses in words, for people who read the table: `headers.x-github-event is "push"`. */
export function describeMatch(rule: Rule = {}, hide = asItIs): string {
  return clausesOf(rule)
    .map(({ label, wanted }) => `${label.replace(/^match\./, '')} is ${hide(wanted)}`)
    .join(' and ');
}

/** How the time of the rule may grow with the size of an event, as `growthOf` says it of patterns. */
export function growthOfMatch({ headers = {}, payload = {} }: Rule = {}): number {
  const conditions = [...Object.values(headers), ...Object.values(payload)];
  return Math.max(1, ...conditions.map((condition) => (isPattern(condition) ? growthOf(condition.regex) : 1)));
}

function isPattern(condition: Condition): condition is { readonly regex: string } {
  return typeof condition === 'object' && condition !== null && 'regex' in condition;
}

const asItIs = (text: string) => text;

function clausesOf(rule: Rule): Clause[] {
  const source = rule.source === undefined ? [] : [payloadClause('match.source', 'source', rule.source)];
  const headers = Object.entries(rule.headers ?? {}).map(([name, condition]) => headerClause(name, condition));
  const payload = Object.entries(rule.payload ?? {}).map(([path, condition]) =>
    payloadClause(`match.payload.${path}`, path, condition),
  );
  return [...source, ...headers, ...payload];
}

function headerClause(name: string, condition: Condition): Clause {
  const key = name.toLowerCase();
  const label = `match.headers.${key}`;
  return { label, found: (context) => valueAt(context.headers, [key]), ...compileCondition(label, condition) };
}

function payloadClause(label: string, path: string, condition: Condition): Clause {
  const segments = named(label, () => ownerPath(path));
  return { label, found: (context) => valueAt(context.payload, segments), ...compileCondition(label, condition) };
}

function compileCondition(label: string, condition: Condition): Pick<Clause, 'wanted' | 'accepts'> {
  if (isPattern(condition)) {
    const pattern = named(label, () => new RegExp(condition.regex, 'u'));
    const accepts = (value: unknown) =>
      (['string', 'number', 'boolean'].includes(typeof value) || value instanceof ExactNumber) &&
      pattern.test(String(value));
    return { wanted: `/${condition.regex}/`, accepts };
  }
  const literals: readonly unknown[] = Array.isArray(condition) ? condition : [condition];
  const inexact = literals.find(
    (literal) => typeof literal === 'number' && Math.abs(literal) > Number.MAX_SAFE_INTEGER,
  );
  if (inexact !== undefined) {
    throw new Error(`${label}: a number with so many digits loses some of them here; write them in quotes`);
  }
  return {
    wanted: literals.map((literal) => JSON.stringify(literal)).join(' or '),
    accepts: (value) => literals.some((literal) => isLiteral(value ?? null, literal)),
  };
}

function named<T>(label: string, make: () => T): T {
  try {
    return make();
  } catch (error) {
    throw new Error(`${label}: ${messageOf(error)}`);
  }
}

function show(value: unknown): string {
  // Cut before it is made one line: the value may be megabytes long.
  return value === undefined ? 'nothing' : oneLine(JSON.stringify(value).slice(0, 240), 60);
}
