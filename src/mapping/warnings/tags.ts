import { toPointer } from '../../schema/problem.ts';
import type { MappingRule } from '../settings/mapping-schema.ts';

/** A tag of a template, as it was written. */
export interface Tag {
  /** `{{order.id}}` */
  readonly whole: string;
  /** `order.id` */
  readonly name: string;
  readonly kind: 'value' | 'section' | 'inverted';
  /** in how many sections it stands: there, names are looked up in the section's value first */
  readonly depth: number;
}

export interface PlacedTemplate {
  /** JSON pointer below the rule */
  readonly path: string;
  readonly text: string;
}

/** All templates of a rule. */
export function templatesOf(rule: MappingRule): PlacedTemplate[] {
  const { name, messageTemplate, textTemplate, sessionKey, to, dedupeKey, coalesce, steps = [] } = rule;
  const own = { name, messageTemplate, textTemplate, sessionKey, to, dedupeKey };
  return [
    ...Object.entries(own).map(([key, text]) => ({ path: toPointer([key]), text })),
    { path: '/coalesce/key', text: coalesce?.key },
    ...steps.map(({ message }, at) => ({ path: toPointer(['steps', at, 'message']), text: message })),
  ].filter((template): template is PlacedTemplate => template.text !== undefined);
}

/** The tags of a template that compiles, without comments. */
export function tagsOf(text: string): Tag[] {
  let depth = 0;
  return [...text.matchAll(/\{\{(\{?)\s*([#^/!&]?)\s*(.*?)\s*\}?\}\}/gs)].flatMap(
    ([whole, , sign, name = '']): Tag[] => {
      if (sign === '!') return [];
      if (sign === '/') {
        depth -= 1;
        return [];
      }
      const kind = sign === '#' ? 'section' : sign === '^' ? 'inverted' : 'value';
      const tag = { whole, name, kind, depth } as const;
      if (kind !== 'value') depth += 1;
      return [tag];
    },
  );
}
