import { Type } from 'typebox';
import { TurnError } from '../../domain/errors.ts';
import { compileSchema } from '../../schema/ajv.ts';
import { dottedPath } from '../../schema/problem.ts';
import type { Field } from './fields.ts';

const strict = { additionalProperties: false };

function answerSchema(id: { enum?: readonly string[] }) {
  const result = Type.Object(
    {
      id: Type.String(id),
      verdict: Type.Enum(['clean', 'suspicious', 'injection'], { type: 'string' }),
      reason: Type.String(),
    },
    strict,
  );
  return Type.Object({ results: Type.Array(result) }, strict);
}

/** JSON Schema of the answer about some fields. */
export function answerFormat(fields: readonly Field[]): Readonly<Record<string, unknown>> {
  return { ...answerSchema({ enum: fields.map(({ id }) => id) }) };
}

const check = compileSchema(answerSchema({}));

/**
 * The results of an answer that is about each field exactly once. Any server may speak for the model, so nothing is taken for
 * granted: throws a TurnError for every other answer, and quotes none of it.
 */
export function readAnswer(text: string, fields: readonly Field[]) {
  const checked = check(parse(text));
  if (!checked.ok) {
    const at = dottedPath(checked.problems[0]?.path ?? '');
    throw badAnswer(`is not of the form that was asked for${at && ` (at ${at})`}`);
  }
  const { results } = checked.value;
  const open = new Set(fields.map(({ id }) => id));
  for (const { id } of results) {
    if (!open.delete(id)) throw badAnswer('is about a value twice, or about one that it was not asked about');
  }
  if (open.size > 0) throw badAnswer(`leaves out ${open.size} of ${fields.length} values`);
  return results;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw badAnswer('is not JSON');
  }
}

const badAnswer = (what: string) =>
  new TurnError('screened', `the answer of the screening model ${what}`, { trouble: 'shape' });
