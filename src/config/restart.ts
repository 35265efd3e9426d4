import { isDeepStrictEqual } from 'node:util';
import type { TSchema } from 'typebox';
import type { JsonSchema } from '../schema/json-schema.ts';
import { dottedPath, toPointer } from '../schema/problem.ts';
import { type Config, configSchema } from './schema.ts';

/** The keys that are read once, at the start, as their parts say; everything else changes while the gateway runs. */
export const restartKeys: readonly string[] = keysReadOnce(configSchema as TSchema as JsonSchema, []);

function keysReadOnce({ properties = {}, needsRestart }: JsonSchema, path: readonly string[]): string[] {
  if (needsRestart) return [path.join('.')];
  return Object.entries(properties).flatMap(([key, schema]) => keysReadOnce(schema, [...path, key]));
}

/** The dotted paths of what differs, without values, since some are secret. What came or went whole is one path. */
export function changedKeys(before: Config, after: Config): string[] {
  return differences(before, after, []).map((path) => dottedPath(toPointer(path)));
}

/** Those of the changed keys that only count after a restart. */
export function needsRestart(keys: readonly string[]): string[] {
  return keys.filter((key) => restartKeys.includes(key));
}

function differences(before: unknown, after: unknown, path: readonly string[]): string[][] {
  if (isDeepStrictEqual(before, after)) return [];
  if (!isContainer(before) || !isContainer(after) || Array.isArray(before) !== Array.isArray(after)) return [[...path]];
  const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...keys].flatMap((key) => differences(before[key], after[key], [...path, key]));
}

function isContainer(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
