import { Ajv, type ErrorObject } from 'ajv';
import addFormats from 'ajv-formats';
import { describeProblem } from '../config/problem.ts';

/** What is wrong with a payload, a line for each; none where it fits. The lines hold names of fields, but no values. */
export type CheckPayload = (payload: unknown) => readonly string[];

/** More would tell a sender nothing new. */
const mostProblems = 20;

/** Compiles the owner's JSON Schema (draft 7). Throws an Error for one that is none. */
export function compilePayloadSchema(schema: object): CheckPayload {
  // Not strict: draft 7 lets authors add keywords of their own.
  const ajv = new Ajv({ allErrors: true, strict: false, logger: false });
  addFormats.default(ajv);
  const validate = ajv.compile(schema);
  return (payload) =>
    validate(payload) ? [] : [...new Set((validate.errors ?? []).map(lineOf))].slice(0, mostProblems);
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
          ? `: "${String(params.additionalProperty).slice(0, 60)}" is not declared`
          : '';
  return describeProblem({ path, message: message + more });
}
