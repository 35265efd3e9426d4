import type { CompiledQuery, Insertable } from 'kysely';
import type { Database, Executor } from './database.ts';

/**
 * An insert whose SQL is compiled once per database: on the accept path building the query costs more than running it.
 * Every listed column must be given; the others keep their defaults.
 */
export function preparedInsert<T extends keyof Database, C extends keyof Insertable<Database[T]> & string>(
  table: T,
  columns: readonly C[],
): (tx: Executor, row: Required<Pick<Insertable<Database[T]>, C>>) => Promise<unknown> {
  const compiled = new WeakMap<object, CompiledQuery>();
  return (tx, row) => {
    const dialect = tx.getExecutor().adapter;
    let query = compiled.get(dialect);
    if (!query) {
      const blank = Object.fromEntries(columns.map((column) => [column, 0])) as unknown as Insertable<Database[T]>;
      query = tx.insertInto(table).values(blank).compile();
      compiled.set(dialect, query);
    }
    return tx.executeQuery({ ...query, parameters: columns.map((column) => row[column]) });
  };
}
