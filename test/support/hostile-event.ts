import fc from 'fast-check';
import { deepHostileJson, hostileJson, hostileText, safetySwitches } from './hostile.ts';

/** What `marked` puts into texts and keys: each mark is found wherever its text gets to. */
export const mark = /Zq[0-9a-z]+qZ/g;
let marks = 0;

/** The name of the list that templates go through. */
export const list = 'list';
/** Keys that have their meaning by their name. */
const meaningful = new Set(['a', 'b', 'c', list, 'x-sender', 'q']);

/** The same value with a mark in every text, and in every key that means nothing by its name. */
export function marked<T>(value: T): T {
  const sign = (text: string) => {
    marks += 1;
    const own = `Zq${marks.toString(36)}qZ`;
    return marks % 2 === 0 ? text + own : own + text;
  };
  const visit = (inner: unknown): unknown => {
    if (typeof inner === 'string') return sign(inner);
    if (Array.isArray(inner)) return inner.map(visit);
    if (typeof inner !== 'object' || inner === null) return inner;
    return Object.fromEntries(
      Object.entries(inner).map(([key, field]) => [meaningful.has(key) ? key : sign(key), visit(field)]),
    );
  };
  return visit(value) as T;
}

const own = fc.record({ a: hostileText, b: hostileJson }, { requiredKeys: [] });
/** With fields that the owner knows, others, and those that would switch safety off. */
export const payload = fc
  .tuple(
    fc.record({ a: hostileText, b: hostileJson, c: fc.oneof(own, hostileJson) }),
    fc.array(fc.oneof(hostileText, own, hostileJson), { maxLength: 4 }),
    fc.array(fc.tuple(hostileText, fc.oneof(hostileJson, deepHostileJson)), { maxLength: 4 }),
  )
  .map(([known, elements, more]) => ({
    ...marked({ ...Object.fromEntries(more), ...known, [list]: elements }),
    ...safetySwitches,
  }));
/** Headers, or a query: of any names, and one that the owner knows. */
const strings = (known: string) =>
  fc
    .tuple(fc.array(fc.tuple(hostileText, hostileText), { maxLength: 3 }), hostileText)
    .map(([more, value]): Record<string, string> => marked({ ...Object.fromEntries(more), [known]: value }));

/** What is stored of a request, to be read again when its run executes. */
export const event = fc
  .record({ payload, headers: strings('x-sender'), query: strings('q'), hook: hostileText.map(marked) })
  .map(({ payload: sent, ...same }) => ({
    ...same,
    endpoint: 'hooks' as const,
    receivedAt: Date.parse('2026-11-23T10:00:00Z'),
    body: Buffer.from(JSON.stringify(sent)),
  }));
export type StoredEvent = typeof event extends fc.Arbitrary<infer T> ? T : never;
