/**
 * A copy of a payload with another value where `path` leads. A payload that has nothing there is left as it is, and so is any
 * where there is no path.
 */
export function restamp(payload: unknown, path: readonly string[] | undefined, value: string | number): unknown {
  const [key, ...rest] = path ?? [];
  if (key === undefined || typeof payload !== 'object' || payload === null || !Object.hasOwn(payload, key)) {
    return payload;
  }
  const inner = (payload as Record<string, unknown>)[key];
  return { ...payload, [key]: rest.length === 0 ? value : restamp(inner, rest, value) };
}
