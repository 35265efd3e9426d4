import { type Problem, toPointer } from '../../schema/problem.ts';
import { type Clause, clausesOf, literalsOf, regexOf } from './clauses.ts';
import type { Find, Place } from './warning.ts';

/** What is wrong with one condition, so that it can hardly ever hold; undefined where nothing is. */
type Doubt = (clause: Clause, around: Place['around']) => string | undefined;

const isText = (value: unknown): value is string => typeof value === 'string';

const doubts: readonly Doubt[] = [
  ({ kind, key }) =>
    kind === 'header' && !/^[!#$%&'*+.^_`|~0-9a-z-]+$/.test(key) ? 'no header has such a name' : undefined,
  ({ kind, key }, { travels }) =>
    kind === 'header' && !travels(key)
      ? 'this header is a secret of the sender, and never comes to a condition'
      : undefined,
  ({ kind, condition }) => {
    const literals = literalsOf(condition).filter((one) => one !== null);
    if (kind !== 'header' || literals.length === 0 || literals.some(isText)) return undefined;
    return `never fits: a header is text; expected ${literals.map((one) => JSON.stringify(String(one))).join(' or ')}`;
  },
  ({ kind, condition }) =>
    kind === 'header' && literalsOf(condition).some((one) => isText(one) && one !== one.trim())
      ? 'never fits: the value of a header has no blanks at its ends'
      : undefined,
  ({ kind, key }) =>
    kind === 'payload' && /^payload\./.test(key)
      ? `looks for a field named payload in the body; where it has none, write "${key.slice('payload.'.length)}"`
      : undefined,
  ({ condition }) => {
    const pattern = regexOf(condition);
    const [, inner, flags = ''] = pattern?.match(/^\/(.+)\/([a-z]*)$/s) ?? [];
    if (inner === undefined) return undefined;
    const flagged = flags === '' ? '' : `, and flags such as "${flags}" cannot be given so`;
    return `the slashes are part of the pattern${flagged}; expected ${JSON.stringify(inner)} (where slashes are meant, write [/])`;
  },
  ({ condition }) => {
    const odd = literalsOf(condition).find((one) => isText(one) && /\{\{.*\}\}/s.test(one));
    return odd === undefined ? undefined : `${JSON.stringify(odd)} is taken as it stands: a condition is no template`;
  },
  ({ condition }) => {
    const odd = literalsOf(condition).find(
      (one) => isText(one) && /^(\*|\^.+|.*[\^*+\\[(|].*\$|\/\^.*\/|\/.*\$\/)$/s.test(one),
    );
    return odd === undefined ? undefined : `${JSON.stringify(odd)} is taken as it stands; a pattern is {regex: '…'}`;
  },
];

/** Conditions that can hardly ever hold. */
export const neverMatches: Find = ({ match }, { around }) => {
  const clauses = clausesOf(match);
  const doubted = clauses.flatMap((clause): Problem[] => {
    const message = doubts.map((doubt) => doubt(clause, around)).find((one) => one !== undefined);
    return message === undefined ? [] : [{ path: toPointer(clause.at), message }];
  });
  return [...doubted, ...contradictions(clauses)];
};

/** Two conditions on one value that no value fits at once. */
function contradictions(clauses: readonly Clause[]): Problem[] {
  return clauses.flatMap((clause, at): Problem[] => {
    const literals = literalsOf(clause.condition);
    const other = clauses.slice(0, at).find(({ kind, key, condition }) => {
      const wanted = literalsOf(condition);
      if (kind !== clause.kind || key !== clause.key || wanted.length === 0 || literals.length === 0) return false;
      return !wanted.some((one) => literals.includes(one));
    });
    if (!other) return [];
    const message = `never fits: ${other.at.slice(1).join('.')} wants another value of the same`;
    return [{ path: toPointer(clause.at), message }];
  });
}
