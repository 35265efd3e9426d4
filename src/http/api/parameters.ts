import { type TSchema, Type } from 'typebox';
import { sinceHelp, sinceMs } from '../../domain/time/since.ts';
import { HttpError } from '../errors.ts';

/**
 * A parameter of a query: what it may be, for callers and for the document, and how it is read. `read` gives undefined where the
 * text is none of what it may be, which `wanted` says.
 */
export interface Parameter<T> {
  readonly schema: TSchema;
  readonly wanted: string;
  readonly read: (text: string, now: number) => T | undefined;
  /** where it is not given */
  readonly fallback?: T;
}
export type Parameters = Readonly<Record<string, Parameter<unknown>>>;

/** What a query of these says; without a fallback a parameter may be missing. */
export type Query<P extends Parameters> = {
  readonly [K in keyof P]: P[K] extends Parameter<infer T>
    ? P[K] extends { readonly fallback: unknown }
      ? T
      : T | undefined
    : never;
};

export function freeText(description: string): Parameter<string> {
  return { schema: Type.String({ description }), wanted: 'a text', read: (text) => text };
}

export function integer(
  description: string,
  { least = 0, most, fallback }: { least?: number; most?: number; fallback: number },
) {
  const limits = { minimum: least, ...(most !== undefined && { maximum: most }), default: fallback };
  return {
    schema: Type.Integer({ description, ...limits }),
    wanted: most === undefined ? `an integer of at least ${least}` : `an integer from ${least} to ${most}`,
    read: (text: string) => {
      const value = /^\d+$/.test(text) ? Number(text) : -1;
      return Number.isSafeInteger(value) && value >= least && value <= (most ?? value) ? value : undefined;
    },
    fallback,
  };
}

export function oneOf<const T extends string>(description: string, values: readonly T[]): Parameter<T> {
  return {
    schema: Type.Enum([...values], { description }),
    wanted: `one of ${values.join(', ')}`,
    read: (text) => values.find((value) => value === text),
  };
}

/** Several with commas between them; each counts once. */
export function someOf<const T extends string>(description: string, values: readonly T[]): Parameter<T[]> {
  return {
    schema: Type.String({ description: `${description} One or several of ${values.join(', ')}, with commas.` }),
    wanted: `one of ${values.join(', ')}`,
    read: (text) => {
      const named = text.split(',').map((part) => values.find((value) => value === part));
      return named.every((value) => value !== undefined) ? [...new Set(named)] : undefined;
    },
  };
}

/** Read as epoch ms. */
export function since(description: string): Parameter<number> {
  return {
    schema: Type.String({ description: `${description} ${sinceHelp}.` }),
    wanted: sinceHelp,
    read: (text, now) => sinceMs(text, now),
  };
}

export function flagParameter(description: string) {
  const read = (text: string) => (text === 'true' ? true : text === 'false' ? false : undefined);
  return { schema: Type.Boolean({ description, default: false }), wanted: 'true or false', read, fallback: false };
}

export const limit = (fallback: number) => integer('How many at most.', { least: 1, most: 100, fallback });
export const offset = integer('How many of the newest are left out.', { fallback: 0 });

/** Reads a query. Throws HttpError with the first parameter that is not what it may be. */
export function readParameters<P extends Parameters>(
  parameters: P,
  query: Readonly<Record<string, string>>,
  now: number,
): Query<P> {
  const values = Object.entries(parameters).map(([name, { read, wanted, fallback }]) => {
    const given = query[name];
    if (given === undefined) return [name, fallback];
    const value = read(given, now);
    if (value === undefined) throw new HttpError('parameter', `${name} must be ${wanted}`);
    return [name, value];
  });
  return Object.fromEntries(values);
}

/** Refuses a name that is none of the filters: where something is done by a filter, a slip of the pen would let all else through. */
export function refuseStrayFilter(filters: Parameters, query: Readonly<Record<string, string>>): void {
  const known = Object.keys(filters);
  const stray = Object.keys(query).find((name) => !known.includes(name));
  if (stray === undefined) return;
  throw new HttpError('parameter', `there is no filter "${stray}"; there are ${known.join(', ')}`);
}
