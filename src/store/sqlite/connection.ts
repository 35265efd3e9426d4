import { hash } from 'node:crypto';
import type Sqlite from 'better-sqlite3';
import { DefaultQueryExecutor, Kysely, SqliteAdapter, SqliteDialect, SqliteQueryCompiler } from 'kysely';
import { columnOf, fieldOf } from '../column-names.ts';
import type { Database, Executor } from '../database.ts';
import type { SpeakingAdapter } from '../dialect.ts';
import { sqliteDialect } from './dialect.ts';

/** Has queries run on an open file. It is closed with what is returned. */
export async function executorOn(sqlite: Sqlite.Database): Promise<Executor> {
  // SQLite's own `lower` knows ASCII only.
  sqlite.function('lowercase', { deterministic: true }, (text) => String(text).toLowerCase());
  sqlite.function('digest', { deterministic: true }, (bytes) => hash('sha256', bytes as Buffer | string));
  const statements = new Map<string, Statement>();
  const prepare = (sql: string) => {
    let statement = statements.get(sql);
    if (!statement) {
      // The program's queries are few; only lists in `in (…)` vary.
      if (statements.size > 500) statements.clear();
      // A bare parameter whose value could change the plan has SQLite plan the statement anew each time, which takes ten times
      // as long as running it. A value with a plus is the same value, and SQLite does not look at it.
      statement = withFields(sqlite.prepare<unknown[]>(sql.replaceAll('?', '+?')));
      statements.set(sql, statement);
    }
    return statement;
  };
  const dialect = new SqliteDialect({ database: { prepare, close: () => sqlite.close() } });
  const driver = dialect.createDriver();
  await driver.init();
  const connection = await driver.acquireConnection();
  // There is one connection, and a query is over when the call returns: to hand it out and take it back for each, as Kysely
  // does by itself, takes longer than most queries.
  const executor = new DefaultQueryExecutor(new Compiler(), new Adapter(), {
    provideConnection: (use) => use(connection),
  });
  return new Kysely<Database>({ config: { dialect }, dialect, driver, executor });
}

class Adapter extends SqliteAdapter implements SpeakingAdapter {
  readonly dialect = sqliteDialect;
}

class Compiler extends SqliteQueryCompiler {
  protected override sanitizeIdentifier(identifier: string): string {
    return super.sanitizeIdentifier(columnOf(identifier));
  }
}

type Statement = ReturnType<SqliteDatabase['prepare']>;
type SqliteDatabase = Exclude<ConstructorParameters<typeof SqliteDialect>[0]['database'], (...args: never) => unknown>;

/** Its rows have the names of fields, in place of those of columns. */
function withFields(statement: Sqlite.Statement<unknown[]>): Statement {
  if (!statement.reader) return statement;
  const columns = statement.columns().map(({ name }) => name);
  const fields = columns.map(fieldOf);
  if (fields.every((field, at) => field === columns[at])) return statement;
  const values = statement.raw(true);
  const rowOf = (row: readonly unknown[]) => {
    const named: Record<string, unknown> = {};
    for (let at = 0; at < fields.length; at += 1) named[fields[at] as string] = row[at];
    return named;
  };
  return {
    reader: true,
    all: (parameters) => (values.all(parameters) as unknown[][]).map(rowOf),
    run: (parameters) => statement.run(parameters),
    *iterate(parameters) {
      for (const row of values.iterate(parameters)) yield rowOf(row as unknown[]);
    },
  };
}
