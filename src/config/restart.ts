import { isDeepStrictEqual } from 'node:util';
import { dottedPath, toPointer } from '../schema/problem.ts';
import type { Config } from './schema.ts';

/** The keys that are read once, at the start; everything else changes while the gateway runs. */
export const restartKeys: readonly string[] = [
  'gateway.host',
  'gateway.port',
  'gateway.trustProxy',
  'specs.port',
  'store.url',
];

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
