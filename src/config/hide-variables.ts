/** Shorter values are shown in the place of their variable only where they are all of a quoted text: they are parts of words. */
const shortest = 6;

/**
 * Shows `${NAME}` wherever the value of a variable stands in a text about the config: a value may be a secret that stands in the
 * wrong place, and the name is what the owner has written.
 */
export function hideVariables(variables: ReadonlyMap<string, string>): (text: string) => string {
  const shown = new Map<string, string>();
  for (const [name, value] of variables) {
    for (const form of new Set([value, value.trim(), JSON.stringify(value).slice(1, -1)])) {
      if (form === '') continue;
      if (form.length >= shortest) shown.set(form, `\${${name}}`);
      else shown.set(`"${form}"`, `"\${${name}}"`);
    }
  }
  if (shown.size === 0) return (text) => text;
  const longestFirst = [...shown.keys()].toSorted((a, b) => b.length - a.length);
  const values = new RegExp(longestFirst.map(escaped).join('|'), 'g');
  return (text) => text.replace(values, (value) => shown.get(value) ?? value);
}

const escaped = (text: string) => text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
