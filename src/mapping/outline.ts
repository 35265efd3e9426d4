import { valueAt } from '../domain/event.ts';
import { compileSchema } from '../schema/ajv.ts';
import { nearestKey } from '../schema/problem.ts';
import type { Verify } from '../verify/settings.ts';
import { checkVerify } from '../verify/settings.ts';
import { type NamesRead, namesRead } from './names-read.ts';
import { type MappingRule, mappingSchema } from './settings/mapping-schema.ts';

/** What can still be read of a mapping that does not load: which events it is for, and how their senders prove themselves. */
export interface Outline {
  /** as it was written; undefined for any hook */
  readonly path: string | undefined;
  /** undefined: all events of its hook */
  readonly match: MappingRule['match'];
  readonly limits: Pick<MappingRule, 'coalesce' | 'rate' | 'maxConcurrent'>;
  /** `unknown`: it has one that cannot be used, so nobody can prove to be its sender */
  readonly verify: Verify | 'unknown' | undefined;
  /** nothing unless given */
  readonly reads?: NamesRead;
}

const { match, verify, coalesce, rate, maxConcurrent } = mappingSchema.properties;
const readable = { match, verify, coalesce, rate, maxConcurrent };

/** Reads what it can of a rule, in which variables that are not set stand as they were written. */
export function outlineOf(written: unknown): Outline {
  const path = valueAt(written, ['match', 'path']);
  const isPath = typeof path === 'string' && path.trim() !== '' && isWhole(path);
  const limits = { coalesce: read('coalesce', written), rate: read('rate', written) };
  const most = read('maxConcurrent', written);
  return {
    path: isPath ? path : undefined,
    match: read('match', written) as Outline['match'],
    limits: { ...without(limits), ...(typeof most === 'number' && { maxConcurrent: most }) } as Outline['limits'],
    verify: verifyOf(written),
    reads: namesRead(written),
  };
}

function verifyOf(written: unknown): Outline['verify'] {
  if (valueAt(written, ['verify']) === undefined) return hasSlip(written) ? 'unknown' : undefined;
  const value = read('verify', written);
  return value === undefined || checkVerify(value).length > 0 ? 'unknown' : (value as Verify);
}

/** Whether a key was probably meant to be `verify`. */
function hasSlip(written: unknown): boolean {
  if (typeof written !== 'object' || written === null) return false;
  const known = Object.keys(mappingSchema.properties);
  return Object.keys(written).some((key) => !known.includes(key) && nearestKey(key, known) === 'verify');
}

/** A field of a rule where that is right by itself. */
function read(field: keyof typeof readable, written: unknown): unknown {
  const value = valueAt(written, [field]);
  if (value === undefined || !isWhole(value)) return undefined;
  return compileSchema(readable[field])(value).ok ? value : undefined;
}

/** Whether no variable is left in it, which would be taken for a secret or a name. */
function isWhole(value: unknown): boolean {
  return !JSON.stringify(value)?.includes('${');
}

function without(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
