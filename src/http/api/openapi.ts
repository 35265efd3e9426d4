import { type TSchema, Type } from 'typebox';
import { refusalStatus } from '../../domain/refusal.ts';
import { hookReads } from '../read/routes.ts';
import type { Parameters } from './parameters.ts';
import type { AnyRoute } from './route.ts';
import { apiRoutes } from './routes.ts';

const jsonOf = (schema: TSchema) => ({ 'application/json': { schema } });

const refusal = Type.Object(
  { ok: Type.Literal(false), error: Type.String(), code: Type.Enum(Object.keys(refusalStatus)) },
  { additionalProperties: true },
);

/**
 * The routes as an OpenAPI document (https://spec.openapis.org/oas/v3.1.0), whose schemas are JSON Schema as it is.
 * @param hooksPath `hooks.path`, below which the hook token reads
 */
export function openApi(hooksPath: string): object {
  return {
    openapi: '3.1.0',
    info: {
      title: 'Gimli',
      version: '1',
      description: 'What its owner, and whoever has the hook token, can read and do.',
    },
    security: [{ gateway: [] }],
    paths: { ...pathsOf('/api', apiRoutes), ...pathsOf(hooksPath, hookReads, [{ hook: [] }]) },
    components: {
      securitySchemes: {
        gateway: { type: 'http', scheme: 'bearer', description: '`gateway.token`' },
        hook: { type: 'http', scheme: 'bearer', description: '`hooks.token`' },
      },
    },
  };
}

function pathsOf(base: string, routes: readonly AnyRoute[], security?: readonly object[]): Record<string, object> {
  const byPath = Map.groupBy(routes, ({ path }) => base + path.replace(/:(\w+)/g, '{$1}'));
  return Object.fromEntries(
    [...byPath].map(([path, same]) => [
      path,
      Object.fromEntries(
        same.map((one) => [one.method.toLowerCase(), { ...operation(one, path), ...(security && { security }) }]),
      ),
    ]),
  );
}

function operation(one: AnyRoute, path: string): object {
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
  const isStream = 'stream' in one;
  return {
    summary: one.about,
    parameters: [...inPath, ...(isStream ? [] : queryOf(one.query))],
    responses: {
      ...(isStream ? streamOf(one.events) : answerOf(one.status, one.answer)),
      default: { description: 'A refusal.', content: jsonOf(refusal) },
    },
  };
}

function queryOf(parameters: Parameters): object[] {
  return Object.entries(parameters).map(([name, { schema }]) => ({ name, in: 'query', required: false, schema }));
}

function answerOf(status: number, answer: { properties: Record<string, TSchema> }): object {
  const schema = Type.Object({ ok: Type.Literal(true), ...answer.properties });
  return { [status]: { description: 'As asked.', content: jsonOf(schema) } };
}

function streamOf(events: Readonly<Record<string, string>>): object {
  const lines = Object.entries(events).map(([event, about]) => `- \`${event}\`: ${about}`);
  const description = ['Server-sent events:', ...lines].join('\n');
  return { 200: { description, content: { 'text/event-stream': { schema: { type: 'string' } } } } };
}
