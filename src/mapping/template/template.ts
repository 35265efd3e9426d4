import Mustache from 'mustache';
import { InvalidEvent, messageOf } from '../../domain/errors.ts';
import { type Context, lookup, pathSegments, valueAt } from '../../domain/event.ts';
import { ExactNumber } from '../../domain/payload/exact-number.ts';
import type { Part, Reference, Text } from '../../domain/text/text.ts';

/**
 * Templates in mustache's language, but with our own walk over its tokens: own properties only, nothing is called, and
 * a value never enters the text. It stays a reference, so that the prompt can keep it apart from the owner's words.
 */
export type Template = (context: Context) => Text;

/** What the texts of one event may be made of: sections in sections multiply the lists that a sender puts there. */
export const maxPieces = 20_000;

export function tooManyPieces(): InvalidEvent {
  return new InvalidEvent(`with this event the texts have more than ${maxPieces} pieces`);
}

type Node = Fixed | Value | Section;
/** The owner's words, or what an earlier step will have said. */
interface Fixed {
  readonly kind: 'fixed';
  readonly part: Part;
}
interface Value {
  readonly kind: 'value';
  readonly name: Name;
}
interface Section {
  readonly kind: 'section' | 'inverted';
  readonly name: Name;
  readonly children: readonly Node[];
}

/** `{{.}}` has no segments. At the root header names are in lower case, as Node gives them. */
interface Name {
  readonly segments: readonly string[];
  readonly atRoot: readonly string[];
}

/** What a section stands on: a value, and the segments that lead to it from the root. */
interface Frame {
  readonly value: unknown;
  readonly segments: readonly string[];
  readonly parent: Frame | Context;
}

/** A text in the making, and how many pieces it took so far: many may say nothing. */
interface Made {
  readonly text: Part[];
  steps: number;
}

/** Mustache's tokens: type, name or text, start, end, and for a section its children. */
type Token = [type: string, value: string, start: number, end: number, children?: Token[]];

const forbidden = new Set(['__proto__', 'constructor', 'prototype']);

/** The segments of a path that the owner wrote. Throws an Error where it would leave the data. */
export function ownerPath(path: string): string[] {
  const segments = pathSegments(path);
  const bad = segments.find((segment) => forbidden.has(segment));
  if (bad !== undefined) throw new Error(`"${path}" is not allowed: "${bad}" is no field of the data`);
  return segments;
}

/**
 * Parses once. Throws an Error that says what is wrong and where in the template. What it gives throws InvalidEvent where an
 * event would make it walk through more than 20,000 pieces.
 * @param checkStep for the message of a step, in which `steps.<id>.…` names the result of an earlier one: throws where it cannot
 */
export function compileTemplate(source: string, checkStep?: (path: string) => void): Template {
  const nodes = compileTokens(parse(source), source, checkStep);
  // Without sections every reference is known now, and rendering costs nothing.
  if (!nodes.some((node) => 'children' in node)) {
    const text = nodes.map((node): Part => (node.kind === 'fixed' ? node.part : referenceAtRoot(node.name)));
    return () => text;
  }
  return (context) => {
    const made: Made = { text: [], steps: 0 };
    walk(nodes, context, made);
    return made.text;
  };
}

function parse(source: string): Token[] {
  try {
    // Not Mustache.parse: its cache would keep every template of every reload.
    const writer = new Mustache.Writer();
    return writer.parse(source);
  } catch (error) {
    const [, reason = String(error), offset = '0'] = /^(.*) at (\d+)$/s.exec(messageOf(error)) ?? [];
    throw new Error(`${reason} ${position(source, Number(offset))}`);
  }
}

function position(source: string, offset: number): string {
  const before = source.slice(0, offset).split('\n');
  return `(template line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1})`;
}

function compileTokens(tokens: readonly Token[], source: string, checkStep?: (path: string) => void): Node[] {
  return tokens
    .filter(([type]) => type !== '!')
    .map(([type, value, start, , children]): Node => {
      const at = position(source, start);
      if (type === 'text') return { kind: 'fixed', part: value };
      if (type === '>') throw new Error(`partials such as {{>${value}}} are not supported ${at}`);
      if (type === '=') throw new Error(`changing the delimiters is not supported ${at}`);
      const name = compileName(value, at);
      const isSection = type === '#' || type === '^';
      if (checkStep && name.atRoot[0] === 'steps') {
        if (isSection) throw new Error(`{{${type}${value}}}: the result of a step cannot make a section ${at}`);
        located(at, () => checkStep(value));
        return { kind: 'fixed', part: { path: value } };
      }
      if (!isSection) return { kind: 'value', name };
      const kind = type === '#' ? 'section' : 'inverted';
      return { kind, name, children: compileTokens(children ?? [], source, checkStep) };
    });
}

function compileName(name: string, at: string): Name {
  if (name === '.') return { segments: [], atRoot: ['payload'] };
  if (name === '') throw new Error(`a tag without a name ${at}`);
  // Mustache takes `{{a} and {{b}}` for one tag, which would silently render empty.
  if (/[{}]/.test(name)) throw new Error(`the tag {{${name}}} is not closed where it should be ${at}`);
  const segments = located(at, () => ownerPath(name));
  const [root, header, ...rest] = segments;
  const atRoot = root === 'headers' && header !== undefined ? [root, header.toLowerCase(), ...rest] : segments;
  return { segments, atRoot };
}

function located<T>(at: string, make: () => T): T {
  try {
    return make();
  } catch (error) {
    throw new Error(`${messageOf(error)} ${at}`);
  }
}

function walk(nodes: readonly Node[], frame: Frame | Context, made: Made): void {
  made.steps += 1 + nodes.length;
  if (made.steps > maxPieces) throw new InvalidEvent(`with this event the template has more than ${maxPieces} pieces`);
  for (const node of nodes) {
    if (node.kind === 'fixed') made.text.push(node.part);
    else if (node.kind === 'value') made.text.push(reference(node.name, frame));
    else walkSection(node, frame, made);
  }
}

function walkSection({ kind, name, children }: Section, frame: Frame | Context, made: Made): void {
  const { value, segments } = find(name, frame);
  const empty = Array.isArray(value) ? value.length === 0 : !(value instanceof ExactNumber ? value.valueOf() : value);
  if (kind === 'inverted') {
    if (empty) walk(children, frame, made);
  } else if (Array.isArray(value)) {
    for (const [index, element] of value.entries()) {
      walk(children, { value: element, segments: [...segments, String(index)], parent: frame }, made);
    }
  } else if (!empty) {
    walk(children, value === true ? frame : { value, segments, parent: frame }, made);
  }
}

/** As mustache looks names up: the innermost frame that has the first segment holds the rest of them, or nothing does. */
function find(name: Name, start: Frame | Context): { value: unknown; segments: readonly string[] } {
  let frame = start;
  while ('parent' in frame) {
    if (hasFirst(frame.value, name.segments)) {
      return { value: valueAt(frame.value, name.segments), segments: [...frame.segments, ...name.segments] };
    }
    frame = frame.parent;
  }
  return { value: lookup(frame, name.atRoot), segments: name.atRoot };
}

function hasFirst(value: unknown, [first]: readonly string[]): boolean {
  if (first === undefined) return true;
  return typeof value === 'object' && value !== null && Object.hasOwn(value, first);
}

function reference(name: Name, frame: Frame | Context): Reference {
  return { path: formatPath(find(name, frame).segments) };
}

function referenceAtRoot(name: Name): Reference {
  return { path: formatPath(name.atRoot) };
}

/** The inverse of `pathSegments`. */
function formatPath(segments: readonly string[]): string {
  return segments
    .map((segment, at) => (at === 0 ? segment : /^\d+$/.test(segment) ? `[${segment}]` : `.${segment}`))
    .join('');
}
