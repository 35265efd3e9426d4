import type { Env } from '../schema/env.ts';

/**
 * The config as if it said `specs: {port: '${WEBHOOK_PORT}', secret: '${WEBHOOK_SECRET}'}`, where these variables are set and it
 * says nothing else. The secret is for that port, so without a port it counts for nothing.
 */
export function withSpecVariables(config: unknown, env: Env): unknown {
  if (!isRecord(config)) return config;
  const { specs = {} } = config;
  if (!isRecord(specs)) return config;
  const isSet = (name: string) => env[name] !== undefined && env[name].trim() !== '';
  const port = specs.port === undefined && isSet('WEBHOOK_PORT') ? { port: '${WEBHOOK_PORT}' } : {};
  const withPort = { ...specs, ...port };
  const needsSecret = withPort.port !== undefined && specs.secret === undefined && isSet('WEBHOOK_SECRET');
  return { ...config, specs: needsSecret ? { ...withPort, secret: '${WEBHOOK_SECRET}' } : withPort };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
