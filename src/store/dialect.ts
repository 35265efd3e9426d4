import { type DialectAdapter, type RawBuilder, sql } from 'kysely';
import type { Executor } from './database.ts';

/** A piece of a query. */
type Fragment = RawBuilder<unknown>;

/** What engines say in different words. All else in a query is what every one of them understands, unquoted names included. */
export interface Dialect {
  /** whether a text has another in it, in any case; nothing in that one is a pattern */
  contains(text: Fragment, part: string): RawBuilder<boolean>;
  /** the larger of two numbers, neither of which is null */
  greatest(one: Fragment, other: Fragment): RawBuilder<number>;
  /** the smaller of two numbers, neither of which is null */
  least(one: Fragment, other: Fragment): RawBuilder<number>;
  /** whether a value is one of a list; the statement is the same for lists of any length */
  inList(value: Fragment, list: readonly string[]): RawBuilder<boolean>;
  /** so many of the last characters of a text */
  endOf(text: Fragment, characters: Fragment): RawBuilder<string>;
  /** a text in an object that is kept as JSON; null where it has none of that name */
  textIn(json: Fragment, name: string): RawBuilder<string | null>;
  /** SHA-256 of bytes, in hex */
  digest(bytes: Fragment): RawBuilder<string>;
  /** the same of the UTF-8 of a text */
  digestOfText(text: Fragment): RawBuilder<string>;
}

/** The adapter of a driver of ours says what its engine speaks. */
export interface SpeakingAdapter extends DialectAdapter {
  readonly dialect: Dialect;
}

export function dialectOf(db: Executor): Dialect {
  return (db.getExecutor().adapter as SpeakingAdapter).dialect;
}

/** A condition among the columns of a row: 1 or 0, whatever the engine makes of a boolean. */
export function flag(condition: RawBuilder<boolean>): RawBuilder<0 | 1> {
  return sql<0 | 1>`case when ${condition} then 1 else 0 end`;
}
