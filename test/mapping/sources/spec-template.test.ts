import { describe, expect, it } from '@jest/globals';
import { parseSpecTemplate } from '../../../src/mapping/sources/spec-template.ts';

const declared = ['repo', 'commit', 'labels', 'a.b', 'with space', 'größe'];

/** What was read, with the path of each field in angle brackets. */
function read(body: string): string {
  const { parts, problems } = parseSpecTemplate(body, declared);
  if (problems.length > 0) throw new Error(problems.map(({ offset, message }) => `${offset} ${message}`).join('\n'));
  return parts.map((part) => (typeof part === 'string' ? part : `<${part.segments.join('/')}>`)).join('');
}

describe('a declared field', () => {
  it.each([
    ['{repo}', '<repo>'],
    ['{{repo}}', '<repo>'],
    ['{{ repo }}', '<repo>'],
    ['{{{repo}}}', '{<repo>}'],
    ['{repo}{repo}', '<repo><repo>'],
    ['in {repo}, by {{commit.author}}.', 'in <repo>, by <commit/author>.'],
    ['{labels[0].name}', '<labels/0/name>'],
    ['{labels.0.name}', '<labels/0/name>'],
    ['{a.b}', '<a.b>'],
    ['{with space}', '<with space>'],
    ['{größe}', '<größe>'],
    ['${repo}', '$<repo>'],
  ])('%s is %s', (body, expected) => {
    expect(read(body)).toBe(expected);
  });
});

describe('other braces are text', () => {
  it.each([
    '{}',
    '{ }',
    '{{}}',
    '{ "a": 1 }',
    '{"repo": {"a": []}}',
    'function () { return x }',
    'if (x) {\n  repo;\n}',
    '{ repo }',
    '{{#repo}}x{{/repo}}',
    '\\d{3}, \\{\\}, {0}',
    'a { b } c } d {',
    '{repo',
    '\\{ "a": 1 }',
  ])('%s', (body) => {
    expect(read(body)).toBe(body);
  });

  it.each([
    ['\\{repo}', '{repo}'],
    ['\\{{repo}}', '{{repo}}'],
    ['\\{nobody} {repo}', '{nobody} <repo>'],
    ['$\\{HOME}', '${HOME}'],
  ])('and so is what a backslash stands before: %s', (body, expected) => {
    expect(read(body)).toBe(expected);
  });
});

describe('what looks like a field and is none', () => {
  it.each([
    ['See {rpo}.', 4, '{rpo} is no declared field: did you mean {repo}? (\\{rpo} stands for the text itself)'],
    [
      '{{ nobody.knows }}',
      0,
      '{{ nobody.knows }} is no declared field: expected one of repo, commit, labels, a.b, with space, größe (\\{{ nobody.knows }} stands for the text itself)',
    ],
    ['{headers}', 0, '{headers} is no declared field'],
    ['{some-thing[2]}', 0, '{some-thing[2]} is no declared field'],
  ])('is a problem: %s', (body, offset, message) => {
    expect(parseSpecTemplate(body, declared).problems).toEqual([{ offset, message: expect.stringContaining(message) }]);
  });

  it('is told of each time', () => {
    expect(parseSpecTemplate('{x} {repo} {y}', declared).problems.map(({ offset }) => offset)).toEqual([0, 11]);
  });

  it('where nothing is declared, says so', () => {
    expect(parseSpecTemplate('{x}', []).problems[0]?.message).toContain('fields.properties declares none');
  });
});
