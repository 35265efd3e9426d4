/** So many different keys are remembered; a caller may make up names. */
const mostKeys = 1000;

/** Says of a key whether it is its turn to be told of: once a minute at most, however often it comes. */
export function createOnceAMinute(now: () => number = Date.now): (key: string) => boolean {
  const last = new Map<string, number>();
  return (key) => {
    const time = now();
    if (time - (last.get(key) ?? Number.NEGATIVE_INFINITY) < 60_000) return false;
    if (last.size >= mostKeys) last.clear();
    last.set(key, time);
    return true;
  };
}
