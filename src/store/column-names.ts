/**
 * Code says `receivedAt`, the database `received_at`, which every engine takes as it is, unquoted. Identifiers are translated
 * where a query is compiled, and the fields of its rows once for each statement, so that neither costs anything when it runs. Text in
 * `sql` fragments is the database's own, and says `received_at`.
 */
const columns = new Map<string, string>();
const fields = new Map<string, string>();

/** The name of a field, table or alias in the database. */
export function columnOf(field: string): string {
  return remember(columns, field, () => field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`));
}

/** The name by which code knows a column. */
export function fieldOf(column: string): string {
  return remember(fields, column, () => column.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()));
}

/** There are as many as columns, tables and aliases in the source. */
function remember(known: Map<string, string>, name: string, make: () => string): string {
  let made = known.get(name);
  if (made === undefined) {
    made = make();
    known.set(name, made);
  }
  return made;
}
