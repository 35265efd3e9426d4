// What the schemas of views are made of.
import { type TSchema, Type } from 'typebox';

/** epoch ms */
export const time = Type.Integer({ description: 'Epoch ms.' });

export function orNull<S extends TSchema>(schema: S) {
  return Type.Union([schema, Type.Null()]);
}

/** US dollars; null where a price is not known */
export const cost = orNull(Type.Number({ description: 'US dollars; null where a price is not known.' }));

export const count = Type.Integer({ minimum: 0 });
