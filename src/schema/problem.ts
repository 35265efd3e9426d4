import leven from 'leven';

/** Something wrong with a value, in words for people. */
export interface Problem {
  /** JSON pointer of the value; empty for the whole */
  readonly path: string;
  /** what was found and what would be right */
  readonly message: string;
  /** JSON pointer of another place that the message speaks of */
  readonly see?: string;
  /** set where it is a key that nothing knows; `meant` is the JSON pointer of the known one that it is near */
  readonly unknown?: { readonly meant: string | undefined };
}

/** Where values came from the environment: JSON pointer → the text as written, such as `${PORT:-80}`. */
export type Origins = ReadonlyMap<string, string>;

/** `gateway.port: expected …`, for those who see no file. */
export function describeProblem({ path, message }: Problem): string {
  return path === '' ? message : `${dottedPath(path)}: ${message}`;
}

/** `['hooks', 'mappings', 0]` → `/hooks/mappings/0` */
export function toPointer(segments: readonly (string | number)[]): string {
  return segments.map((segment) => `/${String(segment).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

/** `/hooks/mappings/0` → `['hooks', 'mappings', '0']` */
export function fromPointer(pointer: string): string[] {
  const segments = pointer.split('/').slice(1);
  return segments.map((segment) => segment.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** `/hooks/mappings/0/id` → `hooks.mappings[0].id` */
export function dottedPath(pointer: string): string {
  const dotted = fromPointer(pointer).map((segment) => {
    if (/^\d+$/.test(segment)) return `[${segment}]`;
    return /^[\w$-]+$/.test(segment) ? `.${segment}` : `[${JSON.stringify(segment)}]`;
  });
  return dotted.join('').replace(/^\./, '');
}

/** The message for a key that nothing knows, with the nearest of the known ones where it is near. */
export function unknownKey(key: string, known: readonly string[]): string {
  const nearest = nearestKey(key, known);
  return nearest ? `unknown key; did you mean "${nearest}"?` : `unknown key; expected one of ${known.join(', ')}`;
}

/** The known key that `key` is probably a slip of the pen, or short, for; undefined where none is near. */
export function nearestKey(key: string, known: readonly string[]): string | undefined {
  const distance = (candidate: string) => leven(key.toLowerCase(), candidate.toLowerCase());
  const nearest = known.toSorted((a, b) => distance(a) - distance(b))[0];
  // Two slips in a word of five letters are a typing error; three are another word.
  if (nearest !== undefined && distance(nearest) <= Math.max(1, key.length * 0.4)) return nearest;
  const longer = known.filter((name) => key.length >= 4 && name.toLowerCase().startsWith(key.toLowerCase()));
  return longer.length === 1 ? longer[0] : undefined;
}
