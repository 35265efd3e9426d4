import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { readPayload } from '../../../src/domain/payload/read-payload.ts';

const read = (body: Buffer, headers: Record<string, unknown>) => readPayload(body, headers).payload;
const bytes = (text: string) => Buffer.from(text, 'latin1');
const json = (charset?: string) => ({ 'content-type': `application/json${charset ? `; charset=${charset}` : ''}` });

describe('a body', () => {
  it('that is empty means an empty object', () => {
    expect(read(Buffer.alloc(0), {})).toEqual({});
  });

  it('that is no JSON is a SyntaxError', () => {
    expect(() => read(Buffer.from('{'), {})).toThrow(SyntaxError);
    expect(() => read(Buffer.from('a=1'), { 'content-type': 'application/json' })).toThrow(SyntaxError);
  });

  const form = { 'content-type': 'Application/X-WWW-Form-urlencoded; charset=utf-8' };
  it.each([
    ['a=1&b=x+y&a=2', { a: ['1', '2'], b: 'x y' }],
    ['payload=%7B%22a%22%3A%5B1%5D%7D&b=2', { a: [1] }],
    ['payload=%5B1%5D', [1]],
    ['payload=5&b=2', { payload: '5', b: '2' }],
    ['payload=%7Bnot&b=2', { payload: '{not', b: '2' }],
    ['{"a": 1}', { a: 1 }],
    ['"a=1"', 'a=1'],
  ])('that says it is a form is JSON where it can be, else its fields: %s', (text, payload) => {
    expect({ ...Object(read(Buffer.from(text), form)) }).toEqual({ ...Object(payload) });
  });

  it.each(['{"a": 1', ' [1', '{'])('that says it is a form and begins as JSON is a SyntaxError: %s', (text) => {
    expect(() => read(Buffer.from(text), form)).toThrow(SyntaxError);
  });

  const lists = (levels: number, inside = '') => `${'['.repeat(levels)}${inside}${']'.repeat(levels)}`;
  const objects = (levels: number) => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`;
  it.each([
    ['100 lists', lists(100)],
    ['100 objects', objects(100)],
    ['50 of each', lists(50, objects(50))],
    ['200 lists side by side', `[${Array.from({ length: 200 }, () => '[]')}]`],
    ['brackets in texts', JSON.stringify({ [lists(200)]: [`"${lists(200)}`, `\\`, `\\"${'{'.repeat(200)}`, '\\"['] })],
  ])('may be nested 100 levels: %s', (_, text) => {
    expect(read(Buffer.from(text), {})).toEqual(JSON.parse(text));
    const payload = `payload=${encodeURIComponent(text)}`;
    expect(read(Buffer.from(payload), form)).toEqual(JSON.parse(text));
  });

  it.each([
    ['lists', lists(101)],
    ['objects', objects(101)],
    ['both', lists(50, objects(51))],
    ['after texts', `["\\\\","\\"","]]]]",${lists(100)}]`],
    ['a hundred thousand', lists(100_000)],
    ['without an end', '['.repeat(101)],
  ])('nested deeper is a RangeError: %s', (_, text) => {
    const error = new RangeError('the body is nested deeper than 100 levels');
    expect(() => read(Buffer.from(text), {})).toThrow(error);
    expect(() => read(Buffer.from(`payload=${encodeURIComponent(text)}`), form)).toThrow(error);
  });

  it('that is a form with brackets in it is a form', () => {
    const text = `a=${lists(200)}`;
    expect({ ...Object(read(Buffer.from(text), form)) }).toEqual({ a: lists(200) });
  });

  it('names what every object inherits without reaching it', () => {
    const payload = read(Buffer.from('{"__proto__":{"x":1},"constructor":{"prototype":{"x":1}}}'), {}) as object;
    expect(Object.getPrototypeOf(payload)).toBe(Object.prototype);
    expect(Object.keys(payload)).toEqual(['__proto__', 'constructor']);
    expect(({} as { x?: unknown }).x).toBeUndefined();
  });

  it.each(['{"a":1,"a":2}', '{"a":{"b":1,"c":[{"d":1,"d":1}]}}', '{"a":1,"\\u0061":2}', 'payload={"a":1,"a":2}'])(
    'says where a name stands twice in one object: %s',
    (text) => {
      expect(readPayload(Buffer.from(text), form).notes).toEqual([expect.stringMatching(/^a name stands twice/)]);
    },
  );

  it.each(['{"a":{"a":1},"b":[{"a":1},{"a":2}]}', '["a:b:c",{"::":":"}]', '{"":1}', '{"__proto__":1,"a":2}'])(
    'says nothing where each name stands once: %s',
    (text) => {
      expect(readPayload(Buffer.from(text), {}).notes).toEqual([]);
    },
  );
});

describe('the characters of a body', () => {
  it.each([
    ['UTF-8 where nothing is said', Buffer.from('{"who":"Zoë €"}'), json(), 'Zoë €'],
    ['Latin-1 where it is declared', bytes('{"who":"Zo\xeb"}'), json('ISO-8859-1'), 'Zoë'],
    ['the euro of Windows, as browsers read Latin-1', bytes('{"who":"\x80"}'), json('latin1'), '€'],
    ['a charset in quotes', bytes('{"who":"Zo\xeb"}'), json('"iso-8859-1"'), 'Zoë'],
    ['Shift_JIS', bytes('{"who":"\x83e"}'), json('Shift_JIS'), 'テ'],
    ['UTF-16 by its mark', Buffer.from('\ufeff{"who":"Zoë"}', 'utf16le'), json(), 'Zoë'],
    ['UTF-16 by its zeros', Buffer.from('{"who":"Zoë"}', 'utf16le'), json(), 'Zoë'],
    ['UTF-16 in the other order', Buffer.from('{"who":"Zoë"}', 'utf16le').swap16(), json(), 'Zoë'],
    ['UTF-8 with a mark', Buffer.from('\ufeff{"who":"Zoë"}'), json(), 'Zoë'],
    ['the mark rather than what is declared', Buffer.from('\ufeff{"who":"Zoë"}'), json('iso-8859-1'), 'Zoë'],
    ['a mark within a value, which stays', Buffer.from('{"who":"\ufeffZoë"}'), json(), '\ufeffZoë'],
    ['a U+FFFD that was sent', Buffer.from('{"who":"\ufffd"}'), json(), '\ufffd'],
  ])('are %s', (_, body, headers, who) => {
    expect(readPayload(body, headers)).toEqual({ payload: { who }, notes: [], isExact: true });
  });

  it.each([
    ['not UTF-8', bytes('{"id":"K\xf6ln"}'), json(), 'the body is not utf-8 at byte 9', { id: 'K\ufffdln' }],
    [
      'not UTF-8 after what is',
      Buffer.concat([Buffer.from('{"a":"€\ufffd","id":"'), bytes('\xe4"}')]),
      json(),
      'the body is not utf-8 at byte 21',
      { a: '€\ufffd', id: '\ufffd' },
    ],
    ['half a character', bytes('{"id":"\x83"}'), json('shift_jis'), 'the body is not shift_jis', expect.anything()],
    [
      'in a charset that nobody knows',
      Buffer.from('{"a":1}'),
      json('klingon'),
      'the body is in the charset "klingon", which is not known here, and was read as utf-8',
      { a: 1 },
    ],
    [
      'not UTF-8, in a charset that nobody knows',
      bytes('{"a":"\xe4"}'),
      json('klingon'),
      /"klingon", which is not known here/,
      { a: '\ufffd' },
    ],
    ['in UTF-7', Buffer.from('{"a":"+AOs-"}'), json('utf-7'), /"utf-7", which is not known here/, { a: '+AOs-' }],
  ])('are told where they are %s', (what, body, headers, note, payload) => {
    const isExact = what.startsWith('in ');
    const expected = typeof note === 'string' ? note : expect.stringMatching(note);
    expect(readPayload(body, headers)).toEqual({ payload, notes: [expected], isExact });
  });
});

describe('a form', () => {
  const type = (charset = 'utf-8') => ({ 'content-type': `application/x-www-form-urlencoded; charset=${charset}` });
  const fields = (text: string, charset?: string) => readPayload(bytes(text), type(charset));

  it.each([
    ['data[email]=ada%40example.org', { data: { email: 'ada@example.org' } }],
    ['to=a&to=b&to=c', { to: ['a', 'b', 'c'] }],
    ['ids[]=1&ids[]=2', { ids: ['1', '2'] }],
    ['items[0][name]=pen&items[1][name]=ink', { items: [{ name: 'pen' }, { name: 'ink' }] }],
    ['users[42][name]=ada', { users: { 42: { name: 'ada' } } }],
    ['a=1&a[]=2&a=3', { a: ['1', '2', '3'] }],
    ['a[]=1', { a: ['1'] }],
    ['a[1]=x&a[0]=y', { a: ['y', 'x'] }],
    ['a[0]=x&a[b]=y', { a: { 0: 'x', b: 'y' } }],
    ['a[][b]=1&a[][c]=2&a[][b]=3', { a: [{ b: '1', c: '2' }, { b: '3' }] }],
    ['a[][]=1&a[][]=2', { a: [['1', '2']] }],
    ['a=x]=1', { a: 'x]=1' }],
    ['a&b=', { a: '', b: '' }],
    ['&a=1&&b=2&', { a: '1', b: '2' }],
    ['&', {}],
    ['a%5Bb%5D=1', { a: { b: '1' } }],
    ['constructor=x&toString=y', { constructor: 'x', toString: 'y' }],
    ['id=00123&amount=19.90', { id: '00123', amount: '19.90' }],
    ['a=%E2%82%AC+1', { a: '€ 1' }],
    ['\xef\xbb\xbfdoor=back', { door: 'back' }],
  ])('%s keeps all that was sent', (text, payload) => {
    const read = fields(text);
    expect({ ...read, payload: JSON.parse(JSON.stringify(read.payload)) }).toEqual({
      payload,
      notes: [],
      isExact: true,
    });
  });

  it.each([
    ['who=Zo%EB', 'iso-8859-1'],
    ['who=Zo\xeb', 'iso-8859-1'],
    ['who=Zo%C3%AB', 'utf-8'],
    ['who=Zo\xc3\xab', 'utf-8'],
  ])('%s has its percent signs and bytes read as %s', (text, charset) => {
    expect(fields(text, charset)).toEqual({ payload: { who: 'Zoë' }, notes: [], isExact: true });
  });

  it.each([
    ['a=%ff', 'the form: a value is not utf-8 at byte 1 of it'],
    ['first=one&a=x%e2%82', 'the form: a value is not utf-8 at byte 2 of it'],
    ['%ff=1', 'the form: a name is not utf-8 at byte 1 of it'],
  ])('%s says what is not UTF-8, and where in it', (text, note) => {
    expect(fields(text).notes).toEqual([note]);
  });

  it('in two bytes a character says that they are none', () => {
    const body = Buffer.concat([Buffer.from('a=%E2%82%AC', 'utf16le'), Buffer.from([0x00, 0xd8, 0x41, 0x00])]);
    const read = readPayload(body, type('utf-16le'));
    expect(read).toEqual({ payload: { a: '€\ufffdA' }, notes: ['the body is not utf-16le'], isExact: false });
  });

  it('says at most five things, and how many more there are', () => {
    const text = Array.from({ length: 9 }, (_, at) => `a=${'x'.repeat(at)}%ff`).join('&');
    const { notes } = fields(text);
    expect([notes.length, notes[0], notes[5]]).toEqual([
      6,
      'the form: a value is not utf-8 at byte 1 of it',
      'the form: and 4 more such notes',
    ]);
  });

  it.each([
    ['a[b]c=1', { 'a[b]c': '1' }],
    ['a[b=1', { 'a[b': '1' }],
    ['a]=1', { 'a]': '1' }],
    ['=x', { '': 'x' }],
    ['b=1&[]=1', { b: '1', '[]': '1' }],
    ['a[[b]]=1', { 'a[[b]]': '1' }],
  ])('keeps a name whose brackets do not nest as it stands, and says so: %s', (text, payload) => {
    const read = fields(text);
    expect(JSON.parse(JSON.stringify(read.payload))).toEqual(payload);
    expect(read.notes).toEqual([expect.stringMatching(/^the form: a name has brackets that do not nest/)]);
  });

  it.each([
    ['a=1&a[b]=2', ['1', { b: '2' }]],
    ['a[b]=2&a=1', [{ b: '2' }, '1']],
    ['a[]=1&a[0]=2&a[]=3', ['1', '2', '3']],
    ['a[1]=x&a[]=y', [{ 1: 'x' }, 'y']],
    ['a=1&a[b][c]=2&a=3', ['1', { b: { c: '2' } }, '3']],
  ])('says that values of a name with and without brackets may have changed places: %s', (text, a) => {
    const read = fields(text);
    expect(JSON.parse(JSON.stringify(read.payload))).toEqual({ a });
    expect(read.notes).toEqual([expect.stringMatching(/^the form: a name came both with and without/)]);
  });

  it.each([
    ['__proto__=x', '{"__proto__":"x"}'],
    ['__proto__[x]=1&b=2', '{"__proto__":{"x":"1"},"b":"2"}'],
    ['a[__proto__]=1', '{"a":{"__proto__":"1"}}'],
  ])('has names that every object inherits without reaching it: %s', (text, json) => {
    const read = fields(text);
    expect([JSON.stringify(read.payload), read.notes]).toEqual([json, []]);
    expect(({} as { x?: unknown }).x).toBeUndefined();
  });

  it('has at most 1,000 fields, nested at most 20 levels', () => {
    const many = (count: number) => Array.from({ length: count }, (_, at) => `f${at}=1`).join('&');
    expect(Object.keys(fields(many(1000)).payload as object)).toHaveLength(1000);
    expect(() => fields(many(1001))).toThrow(RangeError);
    expect(fields(many(1000).replaceAll('&', '&&&')).notes).toEqual([]);
    expect(fields(`a${'[b]'.repeat(20)}=1`).notes).toEqual([]);
    const tooDeep = new RangeError('a name of the form is nested deeper than 20 levels');
    expect(() => fields(`a${'[b]'.repeat(21)}=1`)).toThrow(tooDeep);
    expect(() => fields(`a${'[b]'.repeat(300_000)}=1`)).toThrow(tooDeep);
  });

  // Work or room that grows with the indexes, too, takes seconds for each, so that all together outlast the test.
  it.each([
    ['deep', (at: number) => `a[${at}]${'[999]'.repeat(19)}=1`],
    ['deep, of one name', () => `a${'[999]'.repeat(20)}=1`],
    ['of lists', () => `a${'[]'.repeat(19)}[b]=1`],
    ['of lists and more', (at: number) => `a[]${'[b]'.repeat(18)}[${at}]=1`],
    ['that change', (at: number) => (at % 2 === 0 ? 'a[999]=1' : 'a[x]=1')],
  ])('is read in time that grows with its length: names %s', async (_, part) => {
    const text = Array.from({ length: 1000 }, (_, at) => part(at)).join('&');
    for (let times = 0; times < 10; times += 1) {
      expect(Object.keys(fields(text).payload as object)).toEqual(['a']);
      await setImmediate();
    }
  });

  it('cannot grow by its indexes', () => {
    const text = Array.from({ length: 1000 }, (_, at) => `f${at}[999999999]=1`).join('&');
    expect(JSON.stringify(fields(text).payload).length).toBeLessThan(40_000);
  });

  it('is none for a spec', () => {
    expect(() => readPayload(Buffer.from('a=1'), type(), 'specs')).toThrow(SyntaxError);
  });
});
