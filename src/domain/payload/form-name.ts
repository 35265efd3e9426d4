/** No service nests deeper. */
export const deepest = 20;

/**
 * The levels of a name: `a[b][]` is `a`, `b` and ''. Undefined where its brackets do not nest, or nothing stands before them: then
 * it is one name as it stands. Its time grows with its length.
 * @returns `too deep` for more than 20 levels
 */
export function levelsOf(name: string): readonly string[] | 'too deep' | undefined {
  const open = name.indexOf('[');
  const first = open === -1 ? name : name.slice(0, open);
  if (first === '' || first.includes(']')) return undefined;
  const levels = [first];
  for (let at = first.length; at < name.length; ) {
    const end = name.indexOf(']', at);
    if (name[at] !== '[' || end === -1) return undefined;
    const level = name.slice(at + 1, end);
    if (level.includes('[')) return undefined;
    if (levels.length > deepest) return 'too deep';
    levels.push(level);
    at = end + 1;
  }
  return levels;
}
