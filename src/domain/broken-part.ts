/** A part of the settings that does not load and is left out alone. */
export interface BrokenPart {
  /** `setting`: a key that Gimli does not know, which is ignored */
  readonly kind: 'mapping' | 'preset' | 'transform' | 'workflow' | 'spec' | 'mcp' | 'provider' | 'setting';
  readonly id: string;
  /** the hook that answers 503 for it; undefined where that is not known, or is not one */
  readonly hook?: string | undefined;
  /** lines for people, with file and line where known */
  readonly problems: readonly string[];
}

/** Whether two broken parts are the same one, perhaps broken in another way. */
export function isSamePart(one: BrokenPart, other: BrokenPart): boolean {
  return one.kind === other.kind && one.id === other.id;
}

/** All lines of several parts, each once: what breaks one part may break others. */
export function problemsOfParts(parts: readonly BrokenPart[]): string[] {
  return [...new Set(parts.flatMap(({ problems }) => problems))];
}
