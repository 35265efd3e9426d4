/** What a rule reads of a request beside its body. */
export interface NamesRead {
  /** in lower case */
  readonly headers: ReadonlySet<string>;
  readonly query: ReadonlySet<string>;
}

/**
 * The headers and parameters that a rule names: in `match.headers`, and as `headers.x` and `query.x` in any of its texts. Found in
 * what is written, so that a rule which does not load keeps what it will read once it does.
 * @param besides what is read with it: by the workflow that it starts by its id
 */
export function namesRead(rule: unknown, besides?: NamesRead): NamesRead {
  const headers = new Set(besides?.headers);
  const query = new Set(besides?.query);
  for (const text of textsIn(rule)) {
    for (const [, root, name = ''] of text.matchAll(/\b(headers|query)(?:\.|\[["']?)([^\s{}[\]"'.]+)/g)) {
      if (root === 'headers') headers.add(name.toLowerCase());
      else query.add(name);
    }
    // Within a section, names stand alone.
    const sections = [...text.matchAll(/\{\{[#^]\s*(headers|query)\s*\}\}/g)].map(([, root]) => root);
    if (sections.length === 0) continue;
    for (const [, name = ''] of text.matchAll(/\{\{\{?[#^&]?\s*([^\s{}]+)\s*\}/g)) {
      if (sections.includes('headers')) headers.add(name.toLowerCase());
      if (sections.includes('query')) query.add(name);
    }
  }
  for (const name of Object.keys(fieldOf(fieldOf(rule, 'match'), 'headers') ?? {})) headers.add(name.toLowerCase());
  return { headers, query };
}

function fieldOf(value: unknown, key: string): object | undefined {
  const field = typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined;
  return typeof field === 'object' && field !== null ? field : undefined;
}

function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return value.includes('headers') || value.includes('query') ? [value] : [];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : [];
}
