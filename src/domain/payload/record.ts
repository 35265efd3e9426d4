/** Beyond this, V8 keeps the numbers among names as it keeps words. */
const far = 1 << 20;

/**
 * An object with these fields, of which it inherits none. A name that is a number takes no more room than any other, since it is a
 * stranger's: where V8 makes such an object anew, it keeps places for all numbers below.
 */
export function recordOf(entries: readonly (readonly [name: string, value: unknown])[]): Record<string, unknown> {
  const record: Record<string, unknown> = Object.create(null);
  if (entries.some(([name]) => /^\d/.test(name))) {
    record[far] = undefined;
    Reflect.deleteProperty(record, far);
  }
  for (const [name, value] of entries) record[name] = value;
  return record;
}
