import type { Compilable, CompiledQuery, Insertable, RawBuilder } from 'kysely';
import type { Database, Executor } from './database.ts';

/**
 * A query that is built and compiled once per database: on the path of a request or a run, building it costs more than running
 * it. `build` is given stand-ins in place of the values, so it must not look at them.
 */
export function prepared<Values extends object, Row>(
  build: (db: Executor, values: Values) => Compilable<Row> | RawBuilder<Row>,
): (db: Executor, values: Values) => Promise<Row[]> {
  const compiled = new WeakMap<object, CompiledQuery<Row>>();
  return async (db, values) => {
    const dialect = db.getExecutor().adapter;
    let query = compiled.get(dialect);
    if (!query) {
      query = build(db, standIns as Values).compile(db) as CompiledQuery<Row>;
      compiled.set(dialect, query);
    }
    const parameters = query.parameters.map((parameter) =>
      typeof parameter === 'symbol' ? values[parameter.description as keyof Values] : parameter,
    );
    const { rows } = await db.executeQuery<Row>({ ...query, parameters });
    return rows;
  };
}

/** Whatever it is asked for: a symbol of that name. */
const standIns = new Proxy({}, { get: (_, name) => Symbol(String(name)) });

/** Every listed column must be given; the others keep their defaults. */
export function preparedInsert<T extends keyof Database, C extends keyof Insertable<Database[T]> & string>(
  table: T,
  columns: readonly C[],
): (tx: Executor, row: Required<Pick<Insertable<Database[T]>, C>>) => Promise<unknown> {
  return prepared((tx, row) => {
    const values = Object.fromEntries(columns.map((column) => [column, row[column]]));
    return tx.insertInto(table).values(values as unknown as Insertable<Database[T]>);
  });
}
