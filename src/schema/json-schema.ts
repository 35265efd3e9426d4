import { inWords } from '../domain/text/in-words.ts';

/** The part of JSON Schema that our schemas use. */
export interface JsonSchema {
  readonly type?: string;
  readonly title?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly JsonSchema[];
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly items?: JsonSchema;
  readonly minItems?: number;
  readonly writeOnly?: boolean;
  /** of our own: the key is read once, at the start */
  readonly needsRestart?: boolean;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly patternProperties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: boolean | JsonSchema;
  readonly required?: readonly string[];
}

/** The schema of an entry of an object or list; undefined where none is known. */
export function childSchema(schema: JsonSchema | undefined, key: string | number): JsonSchema | undefined {
  if (!schema) return undefined;
  if (typeof key === 'number') return schema.items;
  if (schema.properties && Object.hasOwn(schema.properties, key)) return schema.properties[key];
  for (const [pattern, child] of Object.entries(schema.patternProperties ?? {})) {
    if (new RegExp(pattern, 'u').test(key)) return child;
  }
  return typeof schema.additionalProperties === 'object' ? schema.additionalProperties : undefined;
}

/** A copy in which `change` has been applied to every schema, the innermost first. */
export function mapSchema(schema: JsonSchema, change: (schema: JsonSchema) => JsonSchema): JsonSchema {
  const mapped = (child: JsonSchema) => mapSchema(child, change);
  const mappedAll = (children: Readonly<Record<string, JsonSchema>>) =>
    Object.fromEntries(Object.entries(children).map(([key, child]) => [key, mapped(child)]));
  return change({
    ...schema,
    ...(schema.items && { items: mapped(schema.items) }),
    ...(schema.anyOf && { anyOf: schema.anyOf.map(mapped) }),
    ...(schema.properties && { properties: mappedAll(schema.properties) }),
    ...(schema.patternProperties && { patternProperties: mappedAll(schema.patternProperties) }),
    ...(typeof schema.additionalProperties === 'object' && {
      additionalProperties: mapped(schema.additionalProperties),
    }),
  });
}

/** What a schema accepts, in words that follow "expected": `an integer from 1 to 86400`. */
export function expectation(schema: JsonSchema): string {
  if (schema.title) return schema.title;
  if (schema.anyOf) return inWords(schema.anyOf.map(expectation), 'or');
  if (schema.enum) return schema.enum.length === 1 ? String(schema.enum[0]) : `one of ${schema.enum.join(', ')}`;
  switch (schema.type) {
    case 'string':
      return stringExpectation(schema);
    case 'integer':
      return `an integer${range(schema)}`;
    case 'number':
      return `a number${range(schema)}`;
    case 'boolean':
      return 'true or false';
    case 'array':
      return `a list${schema.items?.type === 'string' ? ' of strings' : ''}${schema.minItems ? `, not empty` : ''}`;
    case 'object':
      return objectExpectation(schema);
    default:
      return schema.type ?? 'anything';
  }
}

function objectExpectation({ required = [], properties }: JsonSchema): string {
  const needed = required.filter((key) => properties?.[key]?.default === undefined);
  return needed.length > 0 ? `an object with ${needed.join(', ')}` : 'an object';
}

function stringExpectation({ pattern, minLength, maxLength }: JsonSchema): string {
  const limit = maxLength === undefined ? '' : ` of at most ${maxLength} characters`;
  if (pattern === '\\S') return `a non-blank string${limit}`;
  if (pattern) return `a string that matches ${pattern}`;
  return `${minLength ? 'a non-empty string' : 'a string'}${limit}`;
}

function range({ minimum, maximum }: JsonSchema): string {
  if (minimum !== undefined && maximum !== undefined) return ` from ${minimum} to ${maximum}`;
  if (minimum !== undefined) return ` of at least ${minimum}`;
  return maximum === undefined ? '' : ` of at most ${maximum}`;
}
