import { pathSegments, valueAt } from '../../domain/event.ts';
import { mainSession } from '../../domain/run.ts';
import { type Problem, toPointer } from '../../schema/problem.ts';
import type { MappingRule } from '../settings/mapping-schema.ts';
import { clausesOf } from './clauses.ts';
import { type Tag, tagsOf, templatesOf } from './tags.ts';
import type { Find, Place } from './warning.ts';

/** What other languages for templates write, which mustache shows as it stands. */
const foreignTexts: readonly [RegExp, (found: string) => string][] = [
  [
    /\{\s*([A-Za-z_][\w.[\]-]*)\s*\}/,
    (found) => `${found} is shown as it stands; a value is {{${found.slice(1, -1).trim()}}}`,
  ],
  [/\{%.*?%\}/s, (found) => `${found} is shown as it stands; mustache has {{#name}}…{{/name}} and {{^name}}…{{/name}}`],
  [/<%.*?%>/s, (found) => `${found} is shown as it stands; a value is {{name}}`],
];

const helpers = /^(if|each|unless|with|else|for|upper|lower|json|default|eq)\s/;

/** What a tag says that no lookup can find, whatever the event; undefined where it may find something. */
type Doubt = (tag: Tag, rule: MappingRule, around: Place['around']) => string | undefined;

const doubts: readonly Doubt[] = [
  ({ whole, name }) =>
    /\||&&|\?\?|\?.*:|\w\(/.test(name) || helpers.test(name)
      ? `${whole} is looked up as one name: mustache has no filters, functions or operators; a transform can`
      : undefined,
  ({ whole, name }) =>
    name === 'else' ? `${whole} is looked up as a name; the other case is {{^name}}…{{/name}}` : undefined,
  ({ whole, name }) =>
    /^(this$|this\.|@|\$|\.[^.]|["'])/.test(name)
      ? `${whole} is looked up as a name; a value is {{name}}, the element of a section {{.}}`
      : undefined,
  ({ whole, name }, _rule, { travels }) => {
    const [root, header] = pathSegments(name);
    if (root !== 'headers' || header === undefined || travels(header.toLowerCase())) return undefined;
    return `${whole} never has a value: this header is a secret of the sender, and is not shown`;
  },
  ({ whole, name }, _rule, { travels }) => {
    const [root, ...names] = pathSegments(name);
    const secret = root === 'query' ? names.find((one) => !travels(one)) : undefined;
    if (secret === undefined) return undefined;
    return `${whole} never has a value: a parameter with the name "${secret}" is taken for a secret of the sender, and is not shown; send it by another name, or in the body`;
  },
  ({ whole, name }, { forEach }) => {
    if (forEach === undefined) return undefined;
    const segments = payloadSegments(name);
    const [root = '', second, ...rest] = segments ?? [];
    const isAtHand = (index: string | undefined) => index === '0' || index === 'length';
    const asElement = ['item', 'element', 'entry', 'each', 'it', forEach.replace(/s$/, '')];
    if (root === forEach && second !== undefined && !isAtHand(second)) {
      const field = /^\d+$/.test(second) ? rest : [second, ...rest];
      return `${whole} never has a value: the element at hand is {{${[`${forEach}[0]`, ...field].join('.')}}}`;
    }
    if (root === forEach || !asElement.includes(root)) return undefined;
    const field = [second, ...rest].filter((one) => one !== undefined);
    return `${whole} is a field of the payload; the element at hand is {{${[`${forEach}[0]`, ...field].join('.')}}}`;
  },
  ({ whole, name, depth }, { schema }) => {
    const segments = depth === 0 ? payloadSegments(name) : undefined;
    if (!segments || !isExcluded(schema, segments)) return undefined;
    return `${whole} never has a value: the schema of this mapping allows no such field`;
  },
];

/** The path of a name in the payload; undefined where it is of the request, or the whole. */
function payloadSegments(name: string): string[] | undefined {
  const segments = pathSegments(name);
  if (['headers', 'query', 'path', 'now', 'steps', ''].includes(segments[0] ?? '')) return undefined;
  return segments[0] === 'payload' ? segments.slice(1) : segments;
}

/** Whether a JSON schema lets no payload have a value at a path. */
function isExcluded(schema: unknown, [segment, ...rest]: readonly string[]): boolean {
  if (segment === undefined || typeof schema !== 'object' || schema === null) return false;
  if (/^\d+$/.test(segment) && valueAt(schema, ['items']) !== undefined) {
    return isExcluded(valueAt(schema, ['items']), rest);
  }
  const property = valueAt(schema, ['properties', segment]);
  if (property !== undefined) return property === false || isExcluded(property, rest);
  const patterns = Object.keys((valueAt(schema, ['patternProperties']) as object | undefined) ?? {});
  if (patterns.some((pattern) => new RegExp(pattern, 'u').test(segment))) return false;
  return valueAt(schema, ['additionalProperties']) === false && segment !== 'length';
}

/** Placeholders that no event can fill, and what is none though it looks like one. */
export const emptyPlaceholders: Find = (rule, { around }) =>
  templatesOf(rule).flatMap(({ path, text }): Problem[] => {
    const outsideTags = text.replace(/\{\{.*?\}\}\}?/gs, ' ');
    const found = foreignTexts.flatMap(([pattern, message]) => {
      const [first, name] = pattern.exec(outsideTags) ?? [];
      // Where {{id}} is shown as well, {id} is meant as it stands, as in the address of an API.
      const isMeant = name !== undefined && tagsOf(text).some((tag) => tag.name === name);
      return first === undefined || isMeant ? [] : [message(first)];
    });
    const doubted = tagsOf(text).flatMap(
      (tag) => doubts.map((doubt) => doubt(tag, rule, around)).find((one) => one !== undefined) ?? [],
    );
    return [...new Set([...found, ...doubted])].map((message) => ({ path, message }));
  });

/** What the schema of a mapping excludes and its other keys count on. */
export const excludedBySchema: Find = ({ schema, match, forEach }) => {
  if (schema === undefined) return [];
  const conditions = clausesOf(match).filter(
    ({ kind, key, condition }) => kind === 'payload' && condition !== null && isExcluded(schema, key.split('.')),
  );
  const problems = conditions.map(({ at }) => ({
    path: toPointer(at),
    message: 'the schema of this mapping allows no such field: each event that fits is refused',
  }));
  if (forEach === undefined || !isExcluded(schema, [forEach])) return problems;
  return [...problems, { path: '/forEach', message: 'the schema of this mapping allows no such field' }];
};

/** A session key that a value can turn into that of the owner's own session. */
export const maybeMain: Find = ({ sessionKey }) => {
  if (sessionKey === undefined || !sessionKey.includes('{{')) return [];
  const words = sessionKey.split(/\{\{.*?\}?\}\}/s).map((part) => part.trim().replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  if (!new RegExp(`^${words.join('.*')}$`, 'is').test(mainSession)) return [];
  const message = `with the value "${mainSession}" it is the key of the owner's own session, and the event is refused; put a word before it, such as "hook:${sessionKey}"`;
  return [{ path: '/sessionKey', message }];
};
