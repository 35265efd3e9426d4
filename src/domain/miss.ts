/** The clause of a mapping that failed, with the value seen. Each is cut, so that it can be kept. */
export interface Miss {
  /** the id of the mapping */
  readonly mapping: string;
  /** `match.payload.kind` */
  readonly clause: string;
  /** what would be right, as words */
  readonly wanted: string;
  /** the value as JSON, or `nothing` */
  readonly found: string;
}

/** A miss in words, without its mapping. */
export function describeMiss({ clause, wanted, found }: Omit<Miss, 'mapping'>): string {
  return `${clause}: wanted ${wanted}, found ${found}`;
}
