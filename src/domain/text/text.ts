import { ExactNumber } from '../payload/exact-number.ts';

/**
 * A text in pieces: what the owner wrote stays apart from what came from outside, from the mapping to the prompt.
 * Nothing may join the two but `plain`, whose callers say why that is safe.
 */
export type Text = readonly Part[];

/** A string is the owner's own words; a reference stands for a value from outside. */
export type Part = string | Reference;

/** `path` names the value in the event's context; `value` holds it where the event does not (a transform's result, a summary). */
export interface Reference {
  readonly path: string;
  readonly value?: unknown;
}

/** Finds the value that a path names; undefined where there is none. */
export type Resolve = (path: string) => unknown;

/** A value as templates show it: nothing for null and undefined, JSON for objects and arrays. */
export function display(value: unknown): string {
  if (value === undefined || value === null) return '';
  if (value instanceof ExactNumber) return String(value);
  if (typeof value === 'object') return JSON.stringify(value);
  return String(value);
}

/** How long a value is as templates show it; a string is not copied for that. */
export function displayLength(value: unknown): number {
  return typeof value === 'string' ? value.length : display(value).length;
}

/** Finds values as templates show them, each shown once: a text may name a large one often. */
export function shownBy(resolve: Resolve): Resolve {
  const shown = new Map<string, string>();
  return (path) => {
    const known = shown.get(path);
    if (known !== undefined) return known;
    const text = display(resolve(path));
    shown.set(path, text);
    return text;
  };
}

export function referenceValue(reference: Reference, resolve: Resolve): string {
  return display(reference.value === undefined ? resolve(reference.path) : reference.value);
}

/** The text with each value in its place. */
export function plain(text: Text, resolve: Resolve): string {
  const shown = shownBy(resolve);
  return text.map((part) => (typeof part === 'string' ? part : referenceValue(part, shown))).join('');
}

/** True where the owner said something of their own, not only "put the value here". */
export function hasOwnWords(text: Text): boolean {
  return text.some((part) => typeof part === 'string' && part.trim() !== '');
}

/** True where neither the owner nor a value says anything. */
export function isBlank(text: Text, resolve: Resolve): boolean {
  if (hasOwnWords(text)) return false;
  const shown = shownBy(resolve);
  // Each value once: a text may name a large one often.
  const values = new Set(text.map((part) => (typeof part === 'string' ? part : referenceValue(part, shown))));
  return [...values].every((value) => value.trim() === '');
}
