import fc from 'fast-check';
import { hostileJson } from './hostile.ts';
import { list, marked } from './hostile-event.ts';

/** What the owner wrote. Literals never stand alone on their line, where mustache would take blanks away. */
export const literals = [
  'Read: ',
  'Owner says\n- and, ',
  '“Quotes” & <b>\n: ',
  'DATA\n<data id="1">\ny ',
  '(no data)\n{ ',
];
const words = fc.constantFrom(...literals);
const known = ['a', 'b', 'c.a', 'c', list, `${list}[0].a`, `${list}.1`, 'headers.x-sender', 'query.q'];
const rare = ['payload', 'payload.a', 'headers', 'query', 'path', 'now', 'missing.b', '.'];
const name = fc.constantFrom(...known, ...known, ...rare);
const { nodes } = fc.letrec<{ nodes: string; node: string }>((tie) => ({
  nodes: fc.array(tie('node'), { minLength: 1, maxLength: 4 }).map((all) => all.join('')),
  node: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    words,
    name.map((path) => `{{${path}}}`),
    name.map((path) => `{{{${path}}}}`),
    fc.tuple(fc.constantFrom('#', '^'), name, tie('nodes')).map(([kind, path, inner]) => {
      return `{{${kind}${path}}}${inner}{{/${path}}}`;
    }),
  ),
}));
const everything = fc.constantFrom('{{payload}}', '{{payload}}Read: {{headers}}{{query}}', '');
/** A template of any nesting. Begins with words, without which a message may be blank. */
export const template = fc.tuple(words, nodes, words, everything).map((parts) => parts.join(''));

const segment = `(?:${[...new Set([...known, ...rare].flatMap((path) => path.match(/[\w-]+/g) ?? []))].join('|')})`;
/** The names of values in it, with `(2)` where two go by one name. */
export const ownersPath = new RegExp(`^${segment}(?:\\.${segment}|\\[\\d+\\])*(?:\\(\\d+\\))?$`);

/** What stands in a `ctx.prompt` template: values from outside, and prompts and lists of prompts in turn. */
type Words = readonly [first: string, ...rest: readonly (readonly [value: unknown, then: string])[]];
export class Nested {
  readonly words: Words;
  constructor(all: Words) {
    this.words = all;
  }
}
export const { prompt: nested } = fc.letrec<{ prompt: Nested; value: unknown }>((tie) => ({
  prompt: fc
    .tuple(words, fc.array(fc.tuple(tie('value'), fc.oneof(words, fc.constant(''))), { maxLength: 4 }))
    .map(([first, rest]) => new Nested([first, ...rest])),
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    { weight: 4, arbitrary: hostileJson.map(marked) },
    { weight: 1, arbitrary: tie('prompt') },
    { weight: 1, arbitrary: fc.array(tie('prompt'), { maxLength: 3 }) },
  ),
}));
