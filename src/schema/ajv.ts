import { Ajv, type ErrorObject } from 'ajv';
import type { Static, TSchema } from 'typebox';
import { found } from './found.ts';
import { expectation, type JsonSchema, mapSchema } from './json-schema.ts';
import { nearestKey, type Origins, type Problem, toPointer, unknownKey } from './problem.ts';

export type Checked<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** `origins` keeps what came from the environment out of the messages. */
export type Check<T> = (value: unknown, origins?: Origins) => Checked<T>;

/**
 * Compiles a schema, once, to a check that names everything wrong with a value. Messages are made only on failure.
 * With `defaults` the check writes into the value the default of every property that is not optional; the default of an
 * optional one only tells readers what its absence means, so that "not said" stays different from "said so".
 */
export function compileSchema<S extends TSchema>(schema: S, options: { defaults?: boolean } = {}): Check<Static<S>> {
  const useDefaults = options.defaults ?? false;
  // Our own schemas need no check against the meta-schema, which would take half the time; a test does it.
  const ajv = new Ajv({
    allErrors: true,
    verbose: true,
    validateSchema: false,
    useDefaults,
    keywords: ['needsRestart'],
  });
  const validate = ajv.compile<Static<S>>(
    useDefaults ? mapSchema(schema as JsonSchema, withoutOptionalDefaults) : schema,
  );
  return (value, origins) =>
    validate(value) ? { ok: true, value } : { ok: false, problems: problemsOf(validate.errors ?? [], origins) };
}

function withoutOptionalDefaults(schema: JsonSchema): JsonSchema {
  if (!schema.properties) return schema;
  const properties = Object.entries(schema.properties).map(([key, property]) => {
    const { default: _, ...rest } = property;
    return [key, schema.required?.includes(key) ? property : rest];
  });
  return { ...schema, properties: Object.fromEntries(properties) };
}

function problemsOf(errors: readonly ErrorObject[], origins: Origins | undefined): Problem[] {
  const unions = errors.filter((error) => error.keyword === 'anyOf');
  const telling = errors.filter((error) => unions.every((union) => !isNoise(error, union)));
  return onePerValue(telling.map((error) => problemOf(error, origins)));
}

/**
 * Leaves out what lies at or within a value that already has a problem: a wrong type fails many keywords at once, and what is
 * not known or not set need not fit the schema, too.
 */
export function onePerValue(problems: readonly Problem[]): Problem[] {
  const kept: Problem[] = [];
  for (const problem of problems) {
    if (!kept.some((earlier) => isWithin(problem.path, earlier.path))) kept.push(problem);
  }
  return kept;
}

/**
 * A union fails once for itself and once for each branch. Its own error says all there is to say, unless the value is an
 * object or a list for which just one branch was meant: then that branch's errors say more.
 */
function isNoise(error: ErrorObject, union: ErrorObject): boolean {
  const meant = meantBranch(union);
  if (error === union) return meant !== -1;
  const inside =
    error.schemaPath.startsWith(`${union.schemaPath}/`) && isWithin(error.instancePath, union.instancePath);
  return inside && !(meant !== -1 && error.schemaPath.startsWith(`${union.schemaPath}/${meant}/`));
}

function meantBranch({ data, parentSchema }: ErrorObject): number {
  if (typeof data !== 'object' || data === null) return -1;
  const type = Array.isArray(data) ? 'array' : 'object';
  return ((parentSchema as JsonSchema).anyOf ?? []).findIndex((branch) => branch.type === type);
}

function isWithin(path: string, ancestor: string): boolean {
  return path === ancestor || path.startsWith(`${ancestor}/`);
}

function problemOf(error: ErrorObject, origins: Origins | undefined): Problem {
  const schema = error.parentSchema as JsonSchema;
  const path = error.instancePath;
  if (error.keyword === 'additionalProperties') {
    const key: string = error.params.additionalProperty;
    return { path: path + toPointer([key]), ...badKey(path, key, schema) };
  }
  if (error.keyword === 'required') {
    const key: string = error.params.missingProperty;
    const property = schema.properties?.[key];
    return {
      path: path + toPointer([key]),
      message: `missing${property ? `; expected ${expectation(property)}` : ''}`,
    };
  }
  const tooMany = error.keyword === 'maxItems' ? ` of ${(error.data as unknown[]).length}` : '';
  return { path, message: `expected ${expectation(schema)}, found ${found(path, error.data, origins)}${tooMany}` };
}

function badKey(at: string, key: string, schema: JsonSchema): Omit<Problem, 'path'> {
  const known = Object.keys(schema.properties ?? {}).filter((name) => !name.startsWith('$'));
  if (known.length > 0) {
    const meant = nearestKey(key, known);
    return { message: unknownKey(key, known), unknown: { meant: meant && at + toPointer([meant]) } };
  }
  return { message: `expected a name that matches ${Object.keys(schema.patternProperties ?? {}).join(' or ')}` };
}
