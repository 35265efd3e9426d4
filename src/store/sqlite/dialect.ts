import { sql } from 'kysely';
import type { Dialect } from '../dialect.ts';

/** `lowercase` and `digest` are functions of ours, which each connection is given. */
export const sqliteDialect: Dialect = {
  contains: (text, part) => sql`instr(lowercase(${text}), ${part.toLowerCase()}) > 0`,
  greatest: (one, other) => sql`max(${one}, ${other})`,
  least: (one, other) => sql`min(${one}, ${other})`,
  inList: (value, list) => sql`${value} in (select value from json_each(${JSON.stringify(list)}))`,
  endOf: (text, characters) => sql`substr(${text}, -${characters})`,
  textIn: (json, name) => sql`json_extract(${json}, ${`$.${name}`})`,
  digest: (bytes) => sql`digest(${bytes})`,
  digestOfText: (text) => sql`digest(${text})`,
};
