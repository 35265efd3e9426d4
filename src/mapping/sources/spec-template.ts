import { pathSegments } from '../../domain/event.ts';
import { nearestKey } from '../../schema/problem.ts';

/** A field of the payload, or what lies below one, as the body of a spec names it. */
export interface SpecField {
  readonly name: string;
  readonly segments: readonly string[];
}

export interface SpecTemplate {
  /** the owner's words, with fields between them */
  readonly parts: readonly (string | SpecField)[];
  /** what stands in braces like a field and is none: where it begins, and what is wrong with it */
  readonly problems: readonly { readonly offset: number; readonly message: string }[];
}

const tag = /\\?(?:\{\{([^{}]*)\}\}|\{([^{}]*)\})/g;
const looksLikeField = /^[\p{L}_][\p{L}\p{N}_-]*(?:\.[\p{L}\p{N}_-]+|\[\d+\])*$/u;

/**
 * Reads `{field}` and `{{field}}`, for declared fields and for what lies below them (`{commit.author}`, `{labels[0]}`). `\{field}`
 * is the text itself, and so are all braces round what could be no field: `{}`, `{ "a": 1 }`.
 */
export function parseSpecTemplate(body: string, declared: readonly string[]): SpecTemplate {
  const parts: (string | SpecField)[] = [];
  const problems: { offset: number; message: string }[] = [];
  let end = 0;
  for (const match of body.matchAll(tag)) {
    const [whole, inDouble, inSingle = ''] = match;
    const name = inDouble?.trim() ?? inSingle;
    const field = fieldOf(name, declared);
    if (!field && !looksLikeField.test(name)) continue;
    parts.push(body.slice(end, match.index));
    end = match.index + whole.length;
    if (whole.startsWith('\\')) parts.push(whole.slice(1));
    else if (field) parts.push(field);
    else problems.push({ offset: match.index, message: undeclared(whole, name, declared) });
  }
  parts.push(body.slice(end));
  return { parts: parts.filter((part) => part !== ''), problems };
}

/** A field may have a dot in its own name. */
function fieldOf(name: string, declared: readonly string[]): SpecField | undefined {
  if (declared.includes(name)) return { name, segments: [name] };
  const segments = pathSegments(name);
  return declared.includes(segments[0] ?? '') ? { name, segments } : undefined;
}

function undeclared(whole: string, name: string, declared: readonly string[]): string {
  const nearest = nearestKey(name, declared);
  const known = declared.length > 0 ? `expected one of ${declared.join(', ')}` : 'fields.properties declares none';
  const advice = nearest ? `did you mean {${nearest}}?` : known;
  return `${whole} is no declared field: ${advice} (\\${whole} stands for the text itself)`;
}
