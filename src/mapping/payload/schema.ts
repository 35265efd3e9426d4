import { Ajv, type ErrorObject, type FuncKeywordDefinition } from 'ajv';
import addFormats from 'ajv-formats';
import { messageOf } from '../../domain/errors.ts';
import { asNumbers } from '../../domain/payload/exact-number.ts';
import { shorten } from '../../domain/text/shorten.ts';
import { describeProblem, unknownKey } from '../../schema/problem.ts';
import { exactKeywords, inexactAt } from './exact-keywords.ts';

/** What is wrong with a payload, a line for each; none where it fits. The lines hold names of fields, but no values. */
export type CheckPayload = (payload: unknown) => readonly string[];

/** More would tell a sender nothing new. */
const mostProblems = 20;
/** In values and characters: of a larger payload only the first problem is told, since there may be millions. */
const smallPayload = 5000;

/** Keywords that say something to people or to other tools, and restrict nothing here. */
const annotations = ['example', 'externalDocs', 'discriminator', 'xml'];

/**
 * Compiles the owner's JSON Schema (draft 7). Only fields that were sent count, and numbers count as they are. Throws an Error for
 * what is no schema, and for a keyword or format that would restrict nothing since it is not known.
 */
export function compilePayloadSchema(schema: object): CheckPayload {
  const inexact = inexactAt(schema);
  if (inexact !== undefined) {
    const known = `a number beyond ${Number.MAX_SAFE_INTEGER}, of which digits are lost when the file is read`;
    throw new Error(`${inexact} is ${known}; a condition in match compares all digits of a number in quotes`);
  }
  const lists = new WeakMap<object, object>();
  const keywords = exactKeywords((list) => lists.get(list));
  const fits = compile(schema, false, keywords);
  const everything = compile(schema, true, keywords);
  return (payload) => {
    const value = asNumbers(payload, (copy, list) => lists.set(copy, list));
    if (fits(value)) return [];
    const validate = isLarger(value, smallPayload) || everything(value) ? fits : everything;
    return [...new Set((validate.errors ?? []).map(lineOf))].slice(0, mostProblems);
  };
}

/** How the time of a check may grow with the size of the payload, as `growthOf` says it of patterns. */
export function growthOfSchema(schema: object): number {
  return /"(?:pattern|patternProperties|uniqueItems|format|\$ref)":/.test(JSON.stringify(schema))
    ? Number.POSITIVE_INFINITY
    : 1;
}

function compile(schema: object, allErrors: boolean, keywords: readonly FuncKeywordDefinition[]) {
  const ajv = new Ajv({
    allErrors,
    ownProperties: true,
    strictSchema: true,
    strictTypes: false,
    strictTuples: false,
    allowUnionTypes: true,
    logger: false,
  });
  addFormats.default(ajv);
  for (const definition of keywords) ajv.removeKeyword(String(definition.keyword)).addKeyword(definition);
  ajv.addVocabulary([...annotations, ...extensionsIn(schema)]);
  try {
    return ajv.compile(schema);
  } catch (error) {
    throw new Error(withKnown(messageOf(error), ajv));
  }
}

/** What Ajv says of a word that it does not know, with those that it does. */
function withKnown(message: string, ajv: Ajv): string {
  const keyword = /unknown keyword: "(.*)"/.exec(message)?.[1];
  if (keyword !== undefined) {
    const known = Object.keys(ajv.RULES.all);
    return `"${keyword}" restricts nothing: ${unknownKey(keyword, known)}; your own keywords begin with x-`;
  }
  const [, format, where = ''] = /unknown format "(.*)" ignored in schema at path "#?(.*)"/.exec(message) ?? [];
  if (format === undefined) return message;
  return `unknown format "${format}"${where && ` at ${where}`}; known are ${Object.keys(ajv.formats).toSorted().join(', ')}`;
}

/** Names in the schema that are the owner's own by their form. */
function extensionsIn(schema: unknown): string[] {
  if (typeof schema !== 'object' || schema === null) return [];
  const own = Object.keys(schema).filter((name) => name.startsWith('x-'));
  return [...new Set([...own, ...Object.values(schema).flatMap(extensionsIn)])];
}

function isLarger(value: unknown, limit: number): boolean {
  let left = limit;
  const open = [value];
  for (const one of open) {
    left -= typeof one === 'string' ? one.length : 1;
    if (left < 0) return true;
    if (typeof one !== 'object' || one === null) continue;
    for (const key in one) {
      open.push((one as Record<string, unknown>)[key]);
      if (open.length > limit) return true;
    }
  }
  return false;
}

function lineOf({ instancePath, keyword, params, message = 'is not valid' }: ErrorObject): string {
  const path = keyword === 'required' ? `${instancePath}/${params.missingProperty}` : instancePath;
  if (keyword === 'required') return describeProblem({ path, message: 'missing' });
  const more =
    keyword === 'enum'
      ? `: ${params.allowedValues.map((value: unknown) => JSON.stringify(value)).join(', ')}`
      : keyword === 'const'
        ? ` ${JSON.stringify(params.allowedValue)}`
        : keyword === 'additionalProperties'
          ? `: "${shorten(String(params.additionalProperty), 60)}" is not declared`
          : '';
  return describeProblem({ path, message: message + more });
}
