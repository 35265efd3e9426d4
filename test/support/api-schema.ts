import { Ajv, type ValidateFunction } from 'ajv';
import type { AnyRoute } from '../../src/http/api/route.ts';
import { apiRoutes } from '../../src/http/api/routes.ts';
import { hookReads } from '../../src/http/read/routes.ts';
import { type JsonSchema, mapSchema } from '../../src/schema/json-schema.ts';

const ajv = new Ajv({ allErrors: true, strict: false });
const compiled = new Map<AnyRoute, ValidateFunction>();

/** What is wrong with a good answer by the schema of its route: fields that stand in no document, too. Null where nothing is. */
export function answerProblem(base: '/api' | '/hooks', method: string, path: string, body: unknown): string | null {
  const routes = base === '/api' ? apiRoutes : hookReads;
  const [pathname = ''] = path.split('?');
  const route = routes.find((one) => one.method === method && patternOf(one.path).test(pathname));
  if (!route || 'stream' in route) return null;
  const known = compiled.get(route);
  const validate = known ?? ajv.compile(mapSchema(route.answer as JsonSchema, closed));
  compiled.set(route, validate);
  const { ok, ...answer } = body as { ok: boolean };
  if (ok && validate(answer)) return null;
  return `${method} ${base}${path} answers what its route does not say: ${ajv.errorsText(validate.errors)}`;
}

function patternOf(path: string): RegExp {
  return new RegExp(`^${path.replace(/:\w+/g, '[^/]+')}$`);
}

function closed(schema: JsonSchema): JsonSchema {
  return schema.properties ? { ...schema, additionalProperties: false } : schema;
}
