import { valueAt } from '../../domain/event.ts';
import { describeProblem, fromPointer, toPointer } from '../../schema/problem.ts';
import type { CheckPayload } from './schema.ts';

export type JsonObject = Readonly<Record<string, unknown>>;

/** Of any object in a payload, and of the fields that a schema declares. */
export const mostProperties = 20;
const longestString = 500;

/**
 * What no payload may have, however little its schema says: an object with more than 20 properties, a string of more than 500
 * characters. Where the schema gives a string another `maxLength`, or lists it, the schema decides.
 */
export function compilePayloadLimits(schema: JsonObject): CheckPayload {
  return (payload) => {
    const lines: string[] = [];
    // A list and no recursion: what strangers send may be nested deeply.
    const places: Place[] = [{ value: payload, path: '', schemas: inPlace([schema], schema) }];
    for (const place of places) {
      const problem = problemOf(place.value, place.schemas);
      if (problem !== undefined) lines.push(describeProblem({ path: place.path, message: problem }));
      for (const child of childrenOf(place, schema)) places.push(child);
    }
    return lines;
  };
}

/** The fields that a schema declares for the payload itself. */
export function declaredFields(schema: JsonObject): string[] {
  const names = inPlace([schema], schema).flatMap(({ properties }) =>
    isObject(properties) ? Object.keys(properties) : [],
  );
  return [...new Set(names)];
}

interface Place {
  readonly value: unknown;
  /** JSON pointer */
  readonly path: string;
  /** all that the schema says about this place */
  readonly schemas: readonly JsonObject[];
}

function problemOf(value: unknown, schemas: readonly JsonObject[]): string | undefined {
  if (typeof value === 'string') {
    const limit = stringLimit(value, schemas);
    return lengthOf(value) > limit ? `must NOT have more than ${limit} characters` : undefined;
  }
  if (!isObject(value)) return undefined;
  const names = Object.keys(value);
  if (names.length > mostProperties) return `must NOT have more than ${mostProperties} properties`;
  const long = names.find((name) => lengthOf(name) > longestString);
  return long && `has a property whose name is longer than ${longestString} characters`;
}

function stringLimit(value: string, schemas: readonly JsonObject[]): number {
  const listed = schemas.some((schema) => schema.const === value || listOf(schema.enum).includes(value));
  const said = schemas.flatMap(({ maxLength }) => (typeof maxLength === 'number' ? maxLength : []));
  return listed ? Infinity : said.length > 0 ? Math.max(...said) : longestString;
}

/** As JSON Schema counts: an emoji is one character. */
function lengthOf(text: string): number {
  return text.length <= longestString ? text.length : [...text].length;
}

function childrenOf({ value, path, schemas }: Place, root: JsonObject): Place[] {
  if (typeof value !== 'object' || value === null) return [];
  const schemasOf = Array.isArray(value) ? ofElement : ofProperty;
  return Object.entries(value).map(([key, child]) => ({
    value: child,
    path: path + toPointer([key]),
    schemas: inPlace(
      schemas.flatMap((schema) => schemasOf(schema, key)),
      root,
    ),
  }));
}

function ofProperty({ properties, patternProperties, additionalProperties }: JsonObject, name: string): unknown[] {
  const named = valueAt(properties, [name]);
  const matching = isObject(patternProperties)
    ? Object.entries(patternProperties).flatMap(([pattern, schema]) =>
        new RegExp(pattern, 'u').test(name) ? schema : [],
      )
    : [];
  const found = named === undefined ? matching : [named, ...matching];
  return found.length > 0 ? found : [additionalProperties];
}

function ofElement({ items, additionalItems }: JsonObject, index: string): unknown[] {
  return Array.isArray(items) ? [items[Number(index)] ?? additionalItems] : [items];
}

/** The schemas with all that they say about the same place in other words. */
function inPlace(schemas: readonly unknown[], root: JsonObject): JsonObject[] {
  const found = new Set<JsonObject>();
  const open = [...schemas];
  for (const schema of open) {
    if (!isObject(schema) || found.has(schema)) continue;
    found.add(schema);
    const { $ref, allOf, anyOf, oneOf, then, else: otherwise, dependencies } = schema;
    open.push(...listOf(allOf), ...listOf(anyOf), ...listOf(oneOf), then, otherwise, referred($ref, root));
    if (isObject(dependencies)) open.push(...Object.values(dependencies));
  }
  return [...found];
}

/** What `#/definitions/x` stands for. What lies elsewhere, Ajv has refused. */
function referred($ref: unknown, root: JsonObject): unknown {
  if (typeof $ref !== 'string' || !$ref.startsWith('#')) return undefined;
  return valueAt(root, fromPointer(decodeURIComponent($ref.slice(1))));
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
