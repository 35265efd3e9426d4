import { type Static, type TObject, type TProperties, Type } from 'typebox';
import { secretText } from '../domain/text/secret.ts';

/** Options that several schemes take. What only one takes stands in its record. */

export const text = { minLength: 1, pattern: '\\S' };
export const headerName = { pattern: "^[A-Za-z0-9!#$%&'*+.^_`|~-]+$", title: 'the name of a header' };

/** What a sender signs with or presents; whoever needs `secret` takes `secrets` in its place. */
export const secretOptions = {
  secret: Type.String({
    ...secretText,
    description: 'What the sender signs with or presents. Usually `${NAME}`.',
  }),
  secrets: Type.Array(Type.String(secretText), {
    minItems: 1,
    description: 'Several secrets, any of which will do, while one is being replaced.',
  }),
};

export const toleranceSeconds = Type.Integer({
  minimum: 0,
  maximum: 86_400,
  default: 300,
  description: 'How far a signed timestamp may be from this clock, in both directions; 60 for linear unless given.',
});

/** Of a sender that signs the time. */
export const timedOptions = { ...secretOptions, toleranceSeconds };

export const idHeader = Type.String({
  ...headerName,
  description: 'holds the id of the delivery, the same in each attempt.',
});

/** How a secret is written. */
export const keyEncodings = ['utf8', 'hex', 'base64'] as const;

/** Options as they are configured: any may be left out. */
export type OptionsOf<Options extends TProperties> = Partial<Static<TObject<Options>>>;
export type Secrets = OptionsOf<typeof secretOptions>;

/** The configured secrets, in their order; blank ones are none. */
export function secretsOf({ secret, secrets = [] }: Secrets): string[] {
  return [...(secret === undefined ? [] : [secret]), ...secrets].filter((one) => one.trim() !== '');
}
