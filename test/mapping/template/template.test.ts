import { describe, expect, it } from '@jest/globals';
import Mustache from 'mustache';
import { InvalidEvent } from '../../../src/domain/errors.ts';
import { resolveIn } from '../../../src/domain/event.ts';
import { display, plain } from '../../../src/domain/text/text.ts';
import { compileTemplate } from '../../../src/mapping/template/template.ts';
import { contextOf } from '../fixtures.ts';

const payload = {
  title: '<b>&"',
  zero: 0,
  yes: true,
  no: false,
  nothing: null,
  tags: ['a', 'b'],
  owner: { name: 'Ada', path: '/home' },
  commits: [
    { id: 1, author: { name: 'Grace' }, files: ['x', 'y'] },
    { id: 2, author: {}, files: [] },
  ],
  grid: [[1, 2], [3]],
  path: 'of the payload',
  toString2: 'own',
};
const context = contextOf(payload, { headers: { 'x-y': 'header' }, query: { a: 'query' } });

function render(template: string): string {
  return plain(compileTemplate(template)(context), resolveIn(context));
}

describe('a template', () => {
  it.each([
    ['Hi {{owner.name}}', 'Hi Ada'],
    ['{{title}} {{{title}}} {{&title}}', '<b>&" <b>&" <b>&"'],
    ['{{commits[0].author.name}} {{commits.0.author.name}}', 'Grace Grace'],
    ['[{{missing}}{{missing.deep}}{{nothing}}{{commits[9].id}}]', '[]'],
    ['{{zero}} {{yes}} {{no}}', '0 true false'],
    ['{{tags}} {{tags.length}} {{owner}}', '["a","b"] 2 {"name":"Ada","path":"/home"}'],
    ['{{path}} {{payload.path}} {{payload.owner.name}}', 'shop of the payload Ada'],
    ['{{now}} {{headers.x-y}} {{headers.X-Y}} {{query.a}}', '2026-02-02T09:00:00.000Z header header query'],
    ['{{#commits}}{{id}}:{{author.name}} {{/commits}}', '1:Grace 2: '],
    ['{{#commits}}{{#files}}{{id}}{{.}} {{/files}}{{/commits}}', '1x 1y '],
    ['{{#grid}}({{#.}}{{.}}{{/.}}){{/grid}}', '(12)(3)'],
    ['{{#owner}}{{name}} in {{path}}{{/owner}}', 'Ada in /home'],
    ['{{#yes}}yes{{/yes}}{{#no}}no{{/no}}{{#zero}}zero{{/zero}}{{#missing}}missing{{/missing}}', 'yes'],
    ['{{^no}}no{{/no}}{{^missing}} none{{/missing}}{{^tags}} untagged{{/tags}}', 'no none'],
    ['a{{! a comment }}b', 'ab'],
    ['{{#owner}}\nline\n{{/owner}}\nend', 'line\nend'],
    ['{{#commits}}{{id}}{{author.mail}} {{/commits}}', '1 2 '],
    ['{{#owner}}{{#commits}}{{title}}{{/commits}}{{/owner}}', '<b>&"<b>&"'],
    ['{{toString}}{{owner.hasOwnProperty}}{{tags.map}}{{title.length}}', ''],
    ['{{headers.authorization}}', ''],
    ['no tags at all', 'no tags at all'],
  ])('%j renders as %j', (template, expected) => {
    expect(render(template)).toBe(expected);
  });

  it('never holds a value, only the full path to it', () => {
    const text = compileTemplate(
      'A {{title}}{{#commits}}\n- {{author.name}} {{#files}}{{.}}{{/files}}{{/commits}} {{gone}}',
    );
    expect(text(context)).toEqual([
      'A ',
      { path: 'title' },
      '\n- ',
      { path: 'commits[0].author.name' },
      ' ',
      { path: 'commits[0].files[0]' },
      { path: 'commits[0].files[1]' },
      '\n- ',
      // The innermost frame that has the first segment is where the rest is looked for, and nowhere else.
      { path: 'commits[1].author.name' },
      ' ',
      ' ',
      { path: 'gone' },
    ]);
  });

  it.each([
    ['{{>other}}', 'partials such as {{>other}} are not supported (template line 1, column 1)'],
    ['a\n {{=<% %>=}}', 'changing the delimiters is not supported (template line 2, column 2)'],
    ['ab\n{{#open}}', 'Unclosed section "open" (template line 2, column 10)'],
    ['{{/closed}}', 'Unopened section "closed" (template line 1, column 1)'],
    ['{{#a}}{{#b}}{{/a}}{{/b}}', 'Unclosed section "b" (template line 1, column 13)'],
    ['{{name', 'Unclosed tag (template line 1, column 7)'],
    ['x {{a} and {{b}}', 'the tag {{a} and {{b}} is not closed where it should be (template line 1, column 3)'],
    ['{{ }}', 'a tag without a name (template line 1, column 1)'],
    [
      '{{__proto__.x}}',
      '"__proto__.x" is not allowed: "__proto__" is no field of the data (template line 1, column 1)',
    ],
    [
      'x {{#a}}{{a.constructor}}{{/a}}',
      '"a.constructor" is not allowed: "constructor" is no field of the data (template line 1, column 9)',
    ],
    [
      '{{^prototype}}{{/prototype}}',
      '"prototype" is not allowed: "prototype" is no field of the data (template line 1, column 1)',
    ],
  ])('%j is refused: %s', (template, message) => {
    expect(() => compileTemplate(template)).toThrow(message);
  });

  it.each([
    ['lists in lists', '{{#list}}{{#list}}{{.}}{{/list}}{{/list}}'],
    ['lists in lists that say nothing', '{{#list}}{{#list}}{{/list}}{{/list}}'],
    ['what is not there in lists in lists', '{{#list}}{{#list}}{{^list}}x{{/list}}{{/list}}{{/list}}'],
  ])('refuses an event that makes more of it than 20,000 pieces: %s', (_, template) => {
    const text = compileTemplate(template);
    const act = () => text(contextOf({ list: new Array(50_000).fill(0) }));
    expect(act).toThrow(new InvalidEvent('with this event the template has more than 20000 pieces'));
    expect(() => text(contextOf({ list: new Array(50).fill(0) }))).not.toThrow();
  });

  it('takes lists of thousands', () => {
    const list = Array.from({ length: 6000 }, (_, id) => ({ id }));
    expect(compileTemplate('{{#list}}- {{id}}{{/list}}')(contextOf({ list }))).toHaveLength(12_000);
  });

  it('renders ordinary data as mustache does without escaping', () => {
    const random = randomOf(20260202);
    const names = ['a', 'b', 'c', 'a.b', 'b.c', 'a.b.c', 'c.a', '.'];
    const pick = <T>(list: readonly T[]) => list[Math.floor(random() * list.length)] as T;
    const leaf = () => pick<unknown>([0, 1, '', 'x<y>&', true, false, null, 'long text']);
    const object = (depth: number): Record<string, unknown> =>
      Object.fromEntries(['a', 'b', 'c'].filter(() => random() < 0.7).map((key) => [key, value(depth - 1)]));
    const value = (depth: number): unknown =>
      depth <= 0 || random() < 0.4
        ? leaf()
        : random() < 0.5
          ? object(depth)
          : // A null in a list makes mustache throw.
            Array.from({ length: Math.floor(random() * 3) }, () => value(depth - 1) ?? 'null');
    const template = (depth: number): string =>
      Array.from({ length: 1 + Math.floor(random() * 3) }, () => {
        const name = pick(names);
        if (depth > 0 && random() < 0.5) return `{{${pick(['#', '^'])}${name}}}${template(depth - 1)}{{/${name}}}`;
        return pick([`{{${name}}}`, `{{{${name}}}}`, `{{&${name}}}`, ' word ', '\n', '{{! note }}']);
      }).join('');

    for (let round = 0; round < 3000; round += 1) {
      const data = object(4);
      const source = template(3);
      const own = contextOf(data);
      const actual = plain(compileTemplate(source)(own), resolveIn(own));
      // Mustache shows objects as such only where it escapes.
      const escaped = source.replace(/\{\{\{(.*?)\}\}\}|\{\{&(.*?)\}\}/g, '{{$1$2}}');
      const expected = Mustache.render(escaped, new BySpecification(data), {}, { escape: display });
      expect({ source, data, text: actual }).toEqual({ source, data, text: expected });
    }
  });
});

/** mustache.js goes on looking where a dotted name breaks off. By the specification of mustache its first part picks the context. */
class BySpecification extends Mustache.Context {
  override lookup(name: string): unknown {
    if (name === '.') return this.view;
    const [first = '', ...rest] = name.split('.');
    const own = (value: unknown, key: string): unknown =>
      typeof value === 'object' && value !== null && Object.hasOwn(value, key) ? Reflect.get(value, key) : undefined;
    const has = typeof this.view === 'object' && this.view !== null && Object.hasOwn(this.view, first);
    return has ? [first, ...rest].reduce(own, this.view) : this.parent?.lookup(name);
  }
  override push(view: unknown): BySpecification {
    return new BySpecification(view, this);
  }
}

/** mulberry32 */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
