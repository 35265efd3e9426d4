import { createHash } from 'node:crypto';
import type { Tool } from './tool.ts';

/** A schema that every model API takes, and the way back from it. */
export interface SafeSchema {
  readonly schema: Tool['inputSchema'];
  /** for the model: what the schema could not say any more; empty where it says all */
  readonly note: string;
  /** What the model gave, with the names that the tool knows. */
  readonly restore: (input: unknown) => unknown;
}

type Schema = { readonly [keyword: string]: unknown };

/** More than this a request is not made larger by one tool. */
const maxChars = 50_000;
const maxDepth = 60;

/** What APIs take as the name of a property. */
const safeName = /^[a-zA-Z0-9_.-]{1,64}$/;
/** Keywords that hold values, not schemas. */
const values = new Set(['enum', 'const', 'default', 'example', 'examples']);
/** Keywords that hold schemas by names. */
const maps = new Set(['properties', '$defs', 'definitions', 'patternProperties', 'dependentSchemas']);
/** What no API takes at the top, besides what is merged. */
const notOnTop = new Set(['anyOf', 'oneOf', 'allOf', 'not', 'enum', 'const', 'if', 'then', 'else']);

/** The input schema of somebody else's tool as APIs take it. Throws an Error that says why none of it will do. */
export function safeSchemaOf(schema: unknown): SafeSchema {
  if (!isSchema(schema)) throw new Error('its input schema is no object');
  if (depthOf(schema) > maxDepth) throw new Error(`its input schema is nested more than ${maxDepth} deep`);
  if (JSON.stringify(schema).length > maxChars) {
    throw new Error(`its input schema has more than ${maxChars.toLocaleString('en-US')} characters`);
  }
  const notes: string[] = [];
  const merged = merge(schema, schema, notes);
  const originals = new Map<string, string>();
  const renamed = rename(merged, originals);
  return {
    schema: { ...renamed, type: 'object' },
    note: notes.join(' '),
    restore: originals.size === 0 ? (input) => input : (input) => withOriginals(input, originals),
  };
}

function isSchema(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function depthOf(value: unknown): number {
  let depth = 0;
  let level = [value];
  while (level.length > 0 && depth <= maxDepth) {
    depth += 1;
    level = level.flatMap((one) => (typeof one === 'object' && one !== null ? Object.values(one) : []));
  }
  return depth;
}

/** One schema of an object, in which all properties stand that an alternative at its top has. */
function merge(schema: Schema, root: Schema, notes: string[], depth = 0): Schema {
  const { type = 'object' } = schema;
  if (type !== 'object' && !(Array.isArray(type) && type.includes('object'))) {
    throw new Error('its input schema describes no object');
  }
  const branchesOf = (keyword: string) => {
    const listed = schema[keyword];
    if (!Array.isArray(listed) || depth > 5) return [];
    return listed.map((branch) => merge(resolve(branch, root), root, [], depth + 1));
  };
  const [any, one, all] = [branchesOf('anyOf'), branchesOf('oneOf'), branchesOf('allOf')];
  const properties = new Map<string, unknown[]>();
  for (const part of [schema, ...any, ...one, ...all]) {
    for (const [name, property] of Object.entries(isSchema(part.properties) ? part.properties : {})) {
      const same = properties.get(name) ?? [];
      if (!same.some((known) => JSON.stringify(known) === JSON.stringify(property))) same.push(property);
      properties.set(name, same);
    }
  }
  const required = new Set([
    ...requiredOf(schema),
    ...all.flatMap(requiredOf),
    ...[any, one].flatMap(([first, ...others]) => {
      if (!first) return [];
      return requiredOf(first).filter((name) => others.every((other) => requiredOf(other).includes(name)));
    }),
  ]);
  for (const branches of [any, one]) {
    const sets = branches.map((branch) => requiredOf(branch).join(', ')).filter((names) => names !== '');
    if (sets.length > 0) notes.push(`Of its input give one of these: ${sets.join('; or ')}.`);
  }
  const rest = Object.entries(schema).filter(([keyword]) => !notOnTop.has(keyword));
  return {
    ...Object.fromEntries(rest),
    type: 'object',
    properties: Object.fromEntries(
      [...properties].map(([name, same]) => [name, same.length === 1 ? same[0] : { anyOf: same }]),
    ),
    ...(required.size > 0 && { required: [...required] }),
  };
}

function requiredOf({ required }: Schema): string[] {
  return Array.isArray(required) ? required.filter((name) => typeof name === 'string') : [];
}

/** An alternative, which may be a reference to a definition of the schema. */
function resolve(branch: unknown, root: Schema): Schema {
  if (!isSchema(branch)) return {};
  const [, kind, name] = /^#\/(\$defs|definitions)\/([^/]+)$/.exec(String(branch.$ref)) ?? [];
  const found = kind && name ? (root[kind] as Schema | undefined)?.[name] : undefined;
  return isSchema(found) ? found : branch;
}

/** With safe names in place of those that APIs refuse; `originals` is told of each. */
function rename(schema: Schema, originals: Map<string, string>): Schema {
  const nameOf = (original: string) => {
    if (safeName.test(original)) return original;
    const hash = createHash('sha256').update(original).digest('hex').slice(0, 8);
    const name = `${original.replace(/[^a-zA-Z0-9_.-]/g, '_').slice(0, 55)}_${hash}`;
    originals.set(name, original);
    return name;
  };
  const inside = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(inside);
    return isSchema(value) ? rename(value, originals) : value;
  };
  const entries = Object.entries(schema).map(([keyword, value]): [string, unknown] => {
    if (values.has(keyword)) return [keyword, value];
    if (keyword === 'required') return [keyword, requiredOf(schema).map(nameOf)];
    if (!maps.has(keyword) || !isSchema(value)) return [keyword, inside(value)];
    const members = Object.entries(value).map(([name, member]): [string, unknown] => {
      const known = keyword === 'properties' ? nameOf(name) : name;
      const described = known !== name && isSchema(member) && member.description === undefined;
      return [known, inside(described ? { ...member, description: name } : member)];
    });
    return [keyword, Object.fromEntries(members)];
  });
  return Object.fromEntries(entries);
}

function withOriginals(input: unknown, originals: ReadonlyMap<string, string>): unknown {
  if (Array.isArray(input)) return input.map((one) => withOriginals(one, originals));
  if (!isSchema(input)) return input;
  const entries = Object.entries(input);
  return Object.fromEntries(
    entries.map(([name, value]) => [originals.get(name) ?? name, withOriginals(value, originals)]),
  );
}
