/** So many different keys are counted apart; a caller may make up names. */
const mostKeys = 1000;

/** Says of a key whether one more line about it may be written. */
export type LineLimit = (key: string) => boolean;

/**
 * Lets `lines` lines about a key through in a time of `perMs`, however often it comes, so that nobody can flood the log.
 * @param summarise told at the end of such a time how many lines it was spared, where it was any
 */
export function createLineLimit(
  { lines, perMs }: { readonly lines: number; readonly perMs: number },
  summarise?: (key: string, more: number) => void,
): LineLimit {
  const windows = new Map<string, { readonly began: number; count: number }>();

  function open(key: string, began: number) {
    if (windows.size >= mostKeys) windows.clear();
    const window = { began, count: 0 };
    windows.set(key, window);
    const sumUp = () => window.count > lines && summarise?.(key, window.count - lines);
    // Nobody waits for a line of the log.
    if (summarise) setTimeout(sumUp, perMs).unref();
    return window;
  }

  return (key) => {
    const time = performance.now();
    const last = windows.get(key);
    const window = last && time - last.began < perMs ? last : open(key, time);
    window.count += 1;
    return window.count <= lines;
  };
}
