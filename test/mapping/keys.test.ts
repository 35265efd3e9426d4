import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { readPayload } from '../../src/domain/payload/read-payload.ts';
import { holds } from '../support/property.ts';
import { actionsOf, contextOf, mappingOf } from './fixtures.ts';

/** What a mapping with this rule makes of a payload that came as this JSON. */
function made(json: string, rule: object) {
  const mapping = mappingOf({ messageTemplate: 'x', ...rule });
  const [action] = actionsOf(mapping, contextOf(readPayload(Buffer.from(json), {}).payload));
  if (action?.kind !== 'agent') throw new Error('expected the action of an agent');
  return action;
}
const dedupeKey = (template: string, json: string) => made(json, { dedupeKey: template }).dedupeKey;
const coalesceKey = (template: string, json: string) => made(json, { coalesce: { key: template } }).coalesce?.key;
const sessionKey = (template: string, json: string) => made(json, { sessionKey: template }).sessionKey;

const apart = [
  ['ids of 19 digits', '{{id}}', '{"id":8202522731445525542}', '{"id":8202522731445525543}'],
  ['parts that look alike when joined', '{{a}}-{{b}}', '{"a":"x-y","b":"z"}', '{"a":"x","b":"y-z"}'],
  ['parts with nothing between', '{{a}}{{b}}', '{"a":"1","b":"23"}', '{"a":"12","b":"3"}'],
  ['parts whose words overlap', '{{a}}--{{b}}', '{"a":"a-","b":"b"}', '{"a":"a","b":"-b"}'],
  ['characters that nobody sees', '{{id}}', '{"id":"a"}', '{"id":"a\\u200b"}'],
  ['control characters', '{{id}}', '{"id":"a b"}', '{"id":"a\\tb"}'],
  ['halves of characters', '{{id}}', '{"id":"\\ud800"}', '{"id":"\\ud801"}'],
  ['blanks at the end', 'o:{{id}}', '{"id":"a"}', '{"id":"a "}'],
  ['letters and their parts', '{{id}}', '{"id":"\\u00e9"}', '{"id":"e\\u0301"}'],
  ['lists', '{{id}}', '{"id":[8202522731445525542]}', '{"id":[8202522731445525543]}'],
  ['elements of a section', '{{#ids}}{{.}},{{/ids}}', '{"ids":["a,b"]}', '{"ids":["a","b"]}'],
] as const;

describe.each([
  ['dedupeKey', dedupeKey],
  ['coalesce.key', coalesceKey],
  ['sessionKey', sessionKey],
])('%s', (_, keyOf) => {
  it.each(apart)('tells apart %s', (_what, template, one, other) => {
    expect(keyOf(template, one)).not.toBe(keyOf(template, other));
    expect(keyOf(template, one)).toBe(keyOf(template, one));
  });

  it('tells apart any two pairs of values', () => {
    const text = fc.string({ unit: fc.constantFrom('a', '-', ' ', '\u200b', '~', '\ud800', '0') });
    const part = text.filter((value) => value.trim() !== '' && value !== '\u200b');
    const pair = fc.record({ a: part, b: part });
    holds(fc.tuple(pair, pair), 3000, ([one, other]) => {
      const [first, second] = [one, other].map((payload) => keyOf('k-{{a}}-{{b}}', JSON.stringify(payload)));
      expect(first === second).toBe(one.a === other.a && one.b === other.b);
    });
  });
});

describe('a dedupeKey', () => {
  it.each([
    ['{"id":1}', '{"id":"1"}'],
    ['{"id":{"a":1}}', '{"id":"{\\"a\\":1}"}'],
    ['{"id":1.0}', '{"id":1}'],
  ])('tells %s from %s', (one, other) => {
    expect(dedupeKey('{{id}}', one)).not.toBe(dedupeKey('{{id}}', other));
  });

  it.each(['{}', '{"id":""}', '{"id":" "}', '{"id":null}'])('is none where a value is blank: %s', (json) => {
    expect(dedupeKey('{{id}}', json)).toBeUndefined();
  });
});

describe('a sessionKey', () => {
  it.each([
    ['o:{{id}}', '{"id":8202522731445525542}', 'o:8202522731445525542'],
    ['o:{{id}}', '{"id":"A-1"}', 'o:A-1'],
    ['{{a}}-{{b}}', '{"a":"x","b":"y-z"}', 'x-y-z'],
    ['{{repo}}#{{number}}', '{"repo":"a/b","number":5}', 'a/b#5'],
    ['o~{{id}}', '{"id":5}', 'o~5'],
  ])('reads as the owner wrote it where nothing can be mistaken: %s with %s', (template, json, key) => {
    expect(sessionKey(template, json)).toBe(key);
  });

  it('has a hash where something could', () => {
    expect(sessionKey('{{a}}-{{b}}', '{"a":"x-y","b":"z"}')).toMatch(/^x-y-z~[0-9a-f]{32}$/);
    expect(sessionKey('o:{{id}}', '{"id":"a\\tb"}')).toMatch(/^o:a b~[0-9a-f]{32}$/);
  });

  it('cannot be made to pass for one that has a hash', () => {
    const made = sessionKey('o:{{id}}', '{"id":"a\\tb"}');
    const forged = JSON.stringify({ id: made.slice(2) });
    expect(sessionKey('o:{{id}}', forged)).not.toBe(made);
  });

  it.each([
    'main',
    'Main',
    'MAIN',
    'ma\u200bin',
    '\u202emain',
    'mаin',
    'маіn',
    'ｍａｉｎ',
    '𝐦𝐚𝐢𝐧',
    'mαιn',
    'main\u00ad',
    'main\u2800',
    'ma\u2800in',
    'μain',
    'ΜΑΙΝ',
    'maiν',
    'ꮇain',
    'mꭺin',
    'maiռ',
    'ʍᴀɪɴ',
    'mᎪⵏn',
    'MAlN',
    'MA1N',
    'rnain',
    'гпain',
    'maı\u0307n',
    'maİn',
  ])('is never what reads as that of the owner: %j', (key) => {
    expect(() => sessionKey('{{key}}', JSON.stringify({ key }))).toThrow(/session of the owner/);
  });
});

it.each(['maln', 'ma1n', 'domain', 'mai', 'mann', 'mein', 'Mähne', 'мир', 'hook:main'])(
  'the key %j of a session is that of nobody else',
  (key) => {
    expect(sessionKey('{{key}}', JSON.stringify({ key }))).toBe(key);
  },
);

describe('an event that could not be read as it was sent', () => {
  const keyed = (body: Buffer) => {
    const { payload, notes } = readPayload(body, {});
    const mapping = mappingOf({ messageTemplate: 'x', dedupeKey: '{{id}}', sessionKey: 'o:{{id}}' });
    const context = contextOf(payload, notes.length > 0 ? { bodyHash: body.toString('hex') } : {});
    const [action] = actionsOf(mapping, context);
    return action?.kind === 'agent' ? [action.dedupeKey, action.sessionKey] : [];
  };

  it('has keys by its bytes', () => {
    const [one, other] = ['{"id":"K\xf6ln"}', '{"id":"K\xe4ln"}'].map((text) => keyed(Buffer.from(text, 'latin1')));
    expect(one?.[0]).not.toBe(other?.[0]);
    expect(one?.[1]).not.toBe(other?.[1]);
  });
});
