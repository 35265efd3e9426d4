import { type Static, type TProperties, type TSchema, Type } from 'typebox';
import { valueAt } from '../domain/event.ts';
import type { Problem } from '../schema/problem.ts';
import { catalog, schemeOf } from './catalog.ts';
import type { Secrets } from './options.ts';
import type { Scheme } from './scheme.ts';

type All<Union> = (Union extends unknown ? (one: Union) => void : never) extends (all: infer Both) => void
  ? Both
  : never;

const schemes: readonly Scheme[] = catalog;

/** What any scheme takes, by the name of the option. */
const options = Object.fromEntries(
  schemes.flatMap((scheme) => Object.entries(scheme.options)).map(([name, schema]) => [name, described(name, schema)]),
) as All<(typeof catalog)[number]['options']>;

/** An option that few schemes take says in its description which those are, and what it is to each. */
function described(name: string, schema: TSchema): TSchema {
  const users = schemes.filter((scheme) => Object.hasOwn(scheme.options, name));
  if (users.length > schemes.length / 3) return schema;
  const said = new Map<string, string[]>();
  for (const { name: user, options: own } of users) {
    const { description = '' } = own[name] as { description?: string };
    said.set(description, [...(said.get(description) ?? []), user]);
  }
  const description = [...said].map(([words, names]) => `${names.join(', ')}: ${words}`).join(' ');
  return { ...schema, description };
}

/** A mapping's `verify`. Which options belong to which scheme is for `checkVerify` to say. */
export const verifySchema = Type.Object(
  {
    scheme: Type.Enum(
      catalog.map(({ name }) => name),
      { description: 'How the sender proves who it is.' },
    ),
    ...Type.Partial(Type.Object(options)).properties,
  },
  {
    additionalProperties: false,
    description: 'How the sender proves who it is. A mapping with it needs no hook token and accepts none.',
  },
);
export type Verify = Static<typeof verifySchema>;

/** Every value of a `verify` that is secret, by what its scheme says of its options. */
export function secretsOfVerify(verify: Verify): string[] {
  const own: TProperties = schemeOf(verify.scheme).options;
  return Object.entries(own).flatMap(([name, schema]) => {
    const { writeOnly, items } = schema as { writeOnly?: boolean; items?: { writeOnly?: boolean } };
    const value = valueAt(verify, [name]);
    if (!writeOnly && !items?.writeOnly) return [];
    return [value].flat().filter((one): one is string => typeof one === 'string' && one.trim() !== '');
  });
}

/**
 * What the schema cannot say about a `verify`; the path of a problem is a JSON pointer within it, and its message never says what was
 * found where a secret should be. The value may still be invalid: what is of the wrong type is left to the schema's own message.
 */
export function checkVerify(value: unknown): Problem[] {
  const name = valueAt(value, ['scheme']);
  const scheme = schemes.find((known) => known.name === name);
  if (!scheme) return [];
  const verify = value as Record<string, unknown>;
  return [
    ...missing(scheme, verify),
    ...misplaced(scheme, verify),
    ...secrets(scheme, verify),
    ...(scheme.check?.(verify) ?? []),
  ];
}

function missing(scheme: Scheme, verify: object): Problem[] {
  return scheme.needs
    .filter((name) => !Object.hasOwn(verify, name) && !(name === 'secret' && Object.hasOwn(verify, 'secrets')))
    .map((name) => ({ path: `/${name}`, message: `missing; the scheme ${scheme.name} needs it` }));
}

function misplaced(scheme: Scheme, verify: object): Problem[] {
  // What no scheme knows at all is the schema's to report.
  const foreign = Object.keys(verify).filter(
    (key) => Object.hasOwn(options, key) && !Object.hasOwn(scheme.options, key),
  );
  return foreign.map((key) => ({
    path: `/${key}`,
    message: `does not belong to the scheme ${scheme.name}, whose options are ${Object.keys(scheme.options).join(', ')}`,
  }));
}

function secrets(scheme: Scheme, verify: Secrets): Problem[] {
  if (!Object.hasOwn(scheme.options, 'secret')) return [];
  const list = Array.isArray(verify.secrets) ? verify.secrets : [];
  if (verify.secret !== undefined && list.length > 0) {
    return [{ path: '/secrets', message: 'expected secret or secrets, found both: put every secret into secrets' }];
  }
  const placed = [
    { path: '/secret', text: verify.secret },
    ...list.map((text, index) => ({ path: `/secrets/${index}`, text })),
  ];
  return placed.flatMap(({ path, text }) => {
    if (typeof text !== 'string') return [];
    if (text.trim() === '') return [{ path, message: 'empty: nothing could prove itself with it' }];
    const message = scheme.checkSecret?.(text, verify) ?? null;
    return message === null ? [] : [{ path, message }];
  });
}
